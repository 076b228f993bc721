/** Calls of the Jupyter server's part of nexhina_nb. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Ask } from './model.js';
import { Problem } from './problem.js';

/** A function that asks this server, with the login and the XSRF token that it wants. */
export function asking(serverSettings: ServerConnection.ISettings): Ask {
  return async <T>(path: string, body?: object): Promise<T> => {
    const url = URLExt.join(serverSettings.baseUrl, 'nexhina', 'api', path);
    const init: RequestInit = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const response = await answer(url, init, serverSettings);
    const text = await response.text();
    const found = parsed(text);
    if (!response.ok) {
      throw problemOf(response.status, found ?? {});
    }
    if (!found) {
      throw new Problem('Something else answers for the Jupyter server', 'log in to it again');
    }
    return found as T;
  };
}

async function answer(
  url: string,
  init: RequestInit,
  serverSettings: ServerConnection.ISettings
): Promise<Response> {
  try {
    return await ServerConnection.makeRequest(url, init, serverSettings);
  } catch (error) {
    if (error instanceof ServerConnection.NetworkError) {
      throw new Problem('The Jupyter server does not answer', 'see whether it still runs');
    }
    throw error;
  }
}

function problemOf(status: number, { message, hint }: IBody): Problem {
  if (status === 404) {
    return new Problem(
      'The Jupyter server has no part of nexhina_nb',
      'run `jupyter server extension enable nexhina_nb`, then start Jupyter again'
    );
  }
  const words = typeof message === 'string' && message ? message : `HTTP status ${status}`;
  return new Problem(words, typeof hint === 'string' ? hint : null);
}

interface IBody {
  message?: unknown;
  hint?: unknown;
}

/** The object in an answer; null for a page of a proxy or of a login. */
function parsed(text: string): IBody | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' ? body : null;
  } catch {
    return null;
  }
}
