import React from 'react';

/** What stands where there is nothing to list, and what to do about it. */
export function Empty({ children }: { children: React.ReactNode }): React.ReactElement {
  return <p className="nx-hint nx-Empty">{children}</p>;
}
