/** An error that says what to do next. */

import type { IProblem } from './tokens.js';

export class Problem extends Error implements IProblem {
  constructor(
    message: string,
    readonly hint: string | null = null
  ) {
    super(message);
  }

  static of(error: unknown): Problem {
    if (error instanceof Problem) {
      return error;
    }
    return new Problem(error instanceof Error ? error.message : String(error));
  }
}

/** Message and hint as one text, as the kernel writes them. */
export function sentence({ message, hint }: IProblem): string {
  return hint ? `${message} → ${hint}` : message;
}
