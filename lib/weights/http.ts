// Requests to a mirror: through the proxies that the environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), following
// redirects, and never waiting for long in silence.

import { getProxyForUrl } from 'proxy-from-env';
import { Agent, type Dispatcher, fetch, Pool, ProxyAgent, type Response } from 'undici';

/** Why a mirror did not give its file. What is `passing` may work the next time. */
export class MirrorFault extends Error {
  readonly passing: boolean;
  constructor(message: string, passing: boolean, cause?: unknown) {
    super(message, { cause });
    this.passing = passing;
  }
}

/** Nothing that waiting a second would change: no such host, nobody listens, no way there, or not who it should be. */
const LASTING =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EPROTO|ERR_TLS_.*|ERR_SSL_.*|.*CERT.*)$/;

/** @param silence milliseconds without a sign of life after which a connection is given up */
export function dispatcher(silence: number): Dispatcher {
  const patience = {
    bodyTimeout: silence,
    headersTimeout: silence,
    connect: { timeout: silence },
  };
  return new Agent({
    ...patience,
    factory(origin, settings) {
      const proxy = getProxyForUrl(String(origin));
      return proxy ? new ProxyAgent({ ...patience, uri: proxy }) : new Pool(origin, settings as Pool.Options);
    },
  });
}

/**
 * Asks for a file from byte `start` on, unencoded.
 *
 * @throws MirrorFault when there is no answer, or none but an error
 */
export async function request(
  url: string,
  start: number,
  options: { dispatcher: Dispatcher; signal?: AbortSignal | undefined },
): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (start > 0) headers.range = `bytes=${start}-`;
  const { signal = null } = options;
  const response = await fetch(url, { dispatcher: options.dispatcher, signal, headers }).catch((error) => {
    throw networkFault(error);
  });
  const problem = refusal(url, response);
  if (problem) {
    await response.body?.cancel();
    throw problem;
  }
  return response;
}

/** What went wrong on the way, from an error of undici's. */
export function networkFault(error: unknown): MirrorFault {
  const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  const { code = '', message } = cause;
  return new MirrorFault(message || code, !LASTING.test(code), error);
}

function refusal(
  url: string,
  { ok, status, statusText, headers, url: from }: Response,
): MirrorFault | undefined {
  if (url.startsWith('https:') && !from.startsWith('https:')) {
    return new MirrorFault('redirects to an address without https', false);
  }
  if (!ok) {
    const passing = status >= 500 || status === 408 || status === 429;
    return new MirrorFault(`answers ${`${status} ${statusText}`.trim()}`, passing);
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') return new MirrorFault(`sends the file as ${encoding}`, false);
  return undefined;
}
