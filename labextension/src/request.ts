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
    if (!response.ok) {
      throw problemOf(response.status, text);
    }
    return JSON.parse(text) as T;
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

function problemOf(status: number, text: string): Problem {
  const { message, hint } = parsed(text);
  if (status === 404) {
    return new Problem(
      'The Jupyter server has no part of nexhina_nb',
      'run `jupyter server extension enable nexhina_nb`, then start Jupyter again'
    );
  }
  const words = typeof message === 'string' && message ? message : `HTTP status ${status}`;
  return new Problem(words, typeof hint === 'string' ? hint : null);
}

function parsed(text: string): { message?: unknown; hint?: unknown } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {}; // a proxy's page, not an answer of ours
  }
}
