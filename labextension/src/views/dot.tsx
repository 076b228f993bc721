import React from 'react';
import type { State } from '../tokens.js';

/** The state as a colour; it always stands beside the word for it. */
export function Dot({ state }: { state: State | null }): React.ReactElement {
  return <span className="nx-Dot" data-state={state ?? 'unknown'} aria-hidden="true" />;
}
