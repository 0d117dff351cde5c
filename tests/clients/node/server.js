// Starts the server under test on a unix socket and a free TCP port for one test file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const program = process.env.PLIMSOLL_SERVER_UNDER_TEST || 'redis-server';
const startDeadline = 20_000;

// A client that was left open would keep the test from ending.
setTimeout(() => {
  console.error('the session takes too long');
  process.exit(1);
}, 120_000).unref();

async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

function answers(socket) {
  return new Promise((resolve) => {
    const connection = net.connect(socket, () => connection.write('PING\r\n'));
    connection.once('data', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

// { socket, port, stop() }; options are redis-server's.
export async function startServer(...options) {
  const directory = mkdtempSync(path.join(tmpdir(), 'plimsoll-'));
  const socket = path.join(directory, 's');
  const port = await freePort();
  const log = openSync(path.join(directory, 'log'), 'w');
  const child = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--save', '', ...options], {
    cwd: directory,
    stdio: ['ignore', log, log],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const deadline = Date.now() + startDeadline;
  while (!(await answers(socket))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`${program} does not answer:\n${readFileSync(path.join(directory, 'log'))}`);
    }
    await pause(5);
  }
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await ended;
    rmSync(directory, { recursive: true });
    return code;
  };
  return { socket, port, stop };
}

// Waits until the condition holds, asking again and again for ten seconds.
export async function until(condition) {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never true: ${condition}`);
    await pause(2);
  }
}
