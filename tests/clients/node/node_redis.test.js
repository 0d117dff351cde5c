import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { createClient } from 'redis';

import { startServer, until } from './server.js';

let server;

async function connect(options = {}) {
  const client = createClient({ socket: { path: server.socket, ...options.socket }, ...options.client });
  client.on('error', () => {}); // a lost connection shows in the commands' own promises
  return client.connect();
}

before(async () => {
  server = await startServer();
});

after(async () => {
  assert.equal(await server?.stop(), 0);
});

for (const RESP of [2, 3]) {
  describe(`RESP${RESP}`, () => {
    let client;
    before(async () => {
      client = await connect({ client: { RESP, name: `session${RESP}` } });
    });
    after(() => client.close());
    beforeEach(() => client.flushAll());

    test('says hello with a name', async () => {
      assert.equal(await client.clientGetName(), `session${RESP}`);
      const hello = await client.hello();
      assert.equal(Number(hello.proto), RESP);
      assert.equal(hello.role, 'master');
    });

    test('sets, gets and counts', async () => {
      assert.equal(await client.set('k', 'v', { expiration: { type: 'EX', value: 100 }, condition: 'NX' }), 'OK');
      assert.equal(await client.set('k', 'w', { condition: 'NX' }), null);
      assert.equal(await client.set('k', 'w', { GET: true }), 'v');
      assert.equal(await client.get('k'), 'w');
      assert.equal(await client.get('missing'), null);
      assert.equal(await client.incrBy('n', 42), 42);
      assert.equal(await client.getRange('k', 0, -1), 'w');
      await assert.rejects(client.incr('k'), /ERR value is not an integer or out of range/);
      await assert.rejects(client.sendCommand(['BOGUS', 'x']), /ERR unknown command 'BOGUS'/);
    });

    test('sets and gets many', async () => {
      await client.mSet({ a: '1', b: '', c: '3' });
      assert.deepEqual(await client.mGet(['a', 'b', 'missing', 'c']), ['1', '', null, '3']);
      assert.equal(await client.exists(['a', 'b', 'missing']), 2);
    });

    test('pipelines what one tick asks', async () => {
      const replies = await Promise.all(Array.from({ length: 2000 }, () => client.incr('n')));
      assert.deepEqual(replies, Array.from({ length: 2000 }, (_, i) => i + 1));
    });

    test('keeps big values', async () => {
      const big = 'y'.repeat(3_000_000);
      await client.set('big', big);
      assert.equal(await client.get('big'), big);
    });

    test('expires keys', async () => {
      await client.set('k', 'v', { expiration: { type: 'PX', value: 20 } });
      await until(async () => (await client.get('k')) === null);
      await client.set('k', 'v');
      await client.expire('k', 1000, 'NX');
      assert.ok((await client.ttl('k')) > 990);
      await client.persist('k');
      assert.equal(await client.ttl('k'), -1);
    });

    test('iterates over the keys', async () => {
      await client.mSet(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`user:${i}`, `${i}`])));
      await client.set('other', 'x');
      const seen = new Set();
      for await (const keys of client.scanIterator({ MATCH: 'user:*', COUNT: 50, TYPE: 'string' })) keys.forEach((key) => seen.add(key));
      assert.equal(seen.size, 500);
    });

    test('reads maps and lists of the server', async () => {
      const limits = await client.configGet(['maxmemory', 'maxmemory-policy']);
      assert.deepEqual({ ...limits }, { maxmemory: '0', 'maxmemory-policy': 'noeviction' });
      assert.match(await client.info('memory'), /used_memory:\d+/);
      const [me] = (await client.clientList()).filter((other) => other.name === `session${RESP}`);
      assert.equal(me.db, 0);
      assert.equal((await client.lcsIdx('a', 'b')).len, 0);
      assert.ok((await client.commandCount()) > 50);
    });

    test('works in another database', async () => {
      await client.set('k', 'zero');
      const other = await connect({ client: { RESP, database: 4 } });
      assert.equal(await other.get('k'), null);
      await other.set('k', 'four');
      assert.equal(await client.get('k'), 'zero');
      await other.close();
    });

    test('reconnects, and keeps its database and name', async () => {
      const lost = await connect({ client: { RESP, database: 3, name: 'lost' }, socket: { reconnectStrategy: () => 1 } });
      await lost.set('k', 'three');
      const again = new Promise((resolve) => lost.once('ready', resolve));
      await client.clientKill({ filter: 'ID', id: await lost.clientId() });
      await again;
      assert.equal(await lost.get('k'), 'three');
      assert.equal(await lost.clientGetName(), 'lost');
      await lost.close();
    });
  });
}

test('connects over TCP by URL', async () => {
  const client = await createClient({ url: `redis://127.0.0.1:${server.port}/7` }).connect();
  assert.equal(await client.ping(), 'PONG');
  assert.match((await client.clientInfo()).addr, /^127\.0\.0\.1:/);
  await client.close();
});

test('authenticates', async () => {
  const guarded = await startServer('--requirepass', 'secret');
  const socket = { path: guarded.socket, reconnectStrategy: false };
  const good = await createClient({ socket, password: 'secret', RESP: 3 }).connect();
  assert.equal(await good.set('k', 'v'), 'OK');
  const bad = createClient({ socket, password: 'wrong' });
  bad.on('error', () => {});
  await assert.rejects(bad.connect(), /WRONGPASS/);
  await good.close();
  assert.equal(await guarded.stop(), 0);
});
