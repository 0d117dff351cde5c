import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';

import Redis from 'ioredis';

import { startServer, until } from './server.js';

let server;
let redis;

before(async () => {
  server = await startServer();
  redis = new Redis({ path: server.socket });
});

after(async () => {
  await redis?.quit();
  assert.equal(await server?.stop(), 0);
});

beforeEach(() => redis.flushall());

test('is ready over a unix socket and over TCP', async () => {
  assert.equal(await redis.ping(), 'PONG');
  const tcp = new Redis(server.port, '127.0.0.1', { connectionName: 'my-name', db: 2 });
  assert.equal(await tcp.client('GETNAME'), 'my-name');
  await tcp.quit();
});

test('sets, gets and counts', async () => {
  assert.equal(await redis.set('k', 'value'), 'OK');
  assert.equal(await redis.get('k'), 'value');
  assert.equal(await redis.get('missing'), null);
  assert.equal(await redis.set('k', 'other', 'NX'), null);
  assert.equal(await redis.set('k', 'other', 'EX', 100, 'GET'), 'value');
  assert.equal(await redis.incr('n'), 1);
  assert.equal(await redis.incrby('n', 41), 42);
  assert.equal(await redis.incrbyfloat('n', 0.5), '42.5');
  await assert.rejects(redis.incr('k'), /ERR value is not an integer or out of range/);
});

test('keeps binary values', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await redis.set(bytes, bytes);
  assert.deepEqual(await redis.getBuffer(bytes), bytes);
});

test('keeps big values', async () => {
  const big = 'x'.repeat(5_000_000);
  await redis.set('big', big);
  assert.equal(await redis.strlen('big'), big.length);
  assert.equal(await redis.get('big'), big);
});

test('sets and gets many', async () => {
  await redis.mset(new Map([['a', '1'], ['b', ''], ['c', '3']]));
  assert.deepEqual(await redis.mget('a', 'b', 'missing', 'c'), ['1', '', null, '3']);
  assert.equal(await redis.del('a', 'b', 'missing'), 2);
});

test('pipelines with errors in their places', async () => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.set(`p:${i}`, i);
  pipeline.set('text', 'x').incr('text').get('p:999');
  const results = await pipeline.exec();
  assert.equal(results.length, 1003);
  assert.deepEqual(results[0], [null, 'OK']);
  assert.match(results[1001][0].message, /not an integer/);
  assert.deepEqual(results[1002], [null, '999']);
});

test('sends commands of one tick as one pipeline', async () => {
  const automatic = new Redis({ path: server.socket, enableAutoPipelining: true });
  const replies = await Promise.all(Array.from({ length: 500 }, () => automatic.incr('auto')));
  assert.deepEqual(replies, Array.from({ length: 500 }, (_, i) => i + 1));
  await automatic.quit();
});

test('expires keys', async () => {
  await redis.set('k', 'v', 'PX', 20);
  await until(async () => (await redis.get('k')) === null);
  await redis.set('k', 'v');
  assert.equal(await redis.expire('k', 1000), 1);
  assert.ok((await redis.ttl('k')) > 990);
  assert.equal(await redis.persist('k'), 1);
  assert.equal(await redis.ttl('k'), -1);
  assert.equal(await redis.expiretime('missing'), -2);
});

test('scans by stream', async () => {
  await redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`user:${i}`, i])));
  await redis.set('other', 'x');
  const seen = new Set();
  for await (const page of redis.scanStream({ match: 'user:*', count: 50 })) page.forEach((key) => seen.add(key));
  assert.equal(seen.size, 500);
});

test('keeps databases apart', async () => {
  await redis.set('k', 'zero');
  const other = redis.duplicate({ db: 5 });
  assert.equal(await other.get('k'), null);
  await other.set('k', 'five');
  assert.equal(await redis.get('k'), 'zero');
  assert.equal(await redis.move('k', 6), 1);
  await other.quit();
});

test('reconnects, and keeps its database and name', async () => {
  const watched = new Redis({ path: server.socket, db: 3, connectionName: 'watched', retryStrategy: () => 1 });
  await watched.set('k', 'three');
  const ended = once(watched, 'close');
  await redis.client('KILL', 'ID', await watched.client('ID'));
  await ended;
  assert.equal(await watched.get('k'), 'three');
  assert.equal(await watched.client('GETNAME'), 'watched');
  await watched.quit();
});

test('authenticates', async () => {
  const guarded = await startServer('--requirepass', 'secret');
  const good = new Redis({ path: guarded.socket, password: 'secret' });
  assert.equal(await good.set('k', 'v'), 'OK');
  const bad = new Redis({ path: guarded.socket, password: 'wrong', retryStrategy: null, enableReadyCheck: false });
  bad.on('error', () => {});
  await assert.rejects(bad.get('k'), /WRONGPASS|NOAUTH|Connection is closed/);
  bad.disconnect();
  await good.quit();
  assert.equal(await guarded.stop(), 0);
});

test('monitors', async () => {
  const origin = new Redis({ path: server.socket });
  await origin.ping();  // what it asks when it connects is not to be seen
  const monitor = await origin.monitor();
  const seen = once(monitor, 'monitor');
  await redis.set('watched', 'v');
  const [time, args] = await seen;
  assert.ok(Number(time) > 1e9);
  assert.deepEqual(args.map((word) => word.toLowerCase()), ['set', 'watched', 'v']);
  monitor.disconnect();
  origin.disconnect();
});
