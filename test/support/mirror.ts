// A mirror on this machine: an HTTP server that does what a test tells it to, and remembers what it was asked for.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import type { DownloadSource } from '../../dist/weights/catalog.js';

for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) {
  delete process.env[name]; // which are this machine's business, not a test's
  delete process.env[name.toUpperCase()];
}

/** Answers a request; `serve` is what a good mirror does, with ranges. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, serve: () => void) => void;

export interface Mirror {
  /** The file's address. */
  url: string;
  /** The `range` header of each request so far. */
  ranges: (string | undefined)[];
}

export const CONTENT = randomBytes(300_001);

/** A source of `CONTENT`, or of what else it says. */
export function sourceOf(urls: string[], content: Uint8Array = CONTENT): DownloadSource {
  const hash = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { kind: 'download', urls, size: content.length, hash };
}

/** Starts a mirror; its nth request is answered by the nth behaviour, those after the last by a good mirror. */
export async function mirror(
  t: ExecutionContext,
  behaviours: Behaviour[] = [],
  content: Uint8Array = CONTENT,
): Promise<Mirror> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const behaviour = behaviours[ranges.length];
    ranges.push(request.headers.range);
    const serve = () => serveFile(request, response, content);
    if (behaviour) behaviour(request, response, serve);
    else serve();
  });
  return { url: `${await listen(t, server)}/weights.bin`, ranges };
}

/** Starts a server for the length of a test. @returns its origin */
export async function listen(t: ExecutionContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serveFile(request: IncomingMessage, response: ServerResponse, content: Uint8Array): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const part = content.subarray(start);
  response.setHeader('content-length', part.length);
  if (start > 0) {
    response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    response.statusCode = 206;
  }
  response.end(part);
}

export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) =>
    response.writeHead(code, headers).end('no');

/** Sends `count` bytes of all, and hangs up. */
export const truncated =
  (count: number, content: Uint8Array = CONTENT): Behaviour =>
  (request, response) => {
    const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': content.length - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    // The connection ends behind these bytes, and takes none of them back.
    response.write(content.subarray(start, start + count), () => response.socket?.end());
  };

/** Sends `count` bytes, and then nothing more. */
export const stalled =
  (count: number, content: Uint8Array = CONTENT): Behaviour =>
  (_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, count));
  };
