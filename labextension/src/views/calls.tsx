/** The third section: the last calls, newest first. */

import React from 'react';
import { clock, seconds, tokens, usd } from '../format.js';
import type { ICall, IGatewayModel } from '../tokens.js';
import { Empty } from './empty.js';

interface IProps {
  model: IGatewayModel;
  reveal: (call: ICall) => void;
}

export function Calls({ model, reveal }: IProps): React.ReactElement {
  const { calls, problem, state } = model;
  if (calls === null) {
    const isUp = state === 'running' || state === 'remote';
    const text = problem && isUp ? 'The calls could not be read.' : 'Asking the gateway…';
    return <Empty>{isUp ? text : 'The last calls of all notebooks appear here.'}</Empty>;
  }
  if (calls.length === 0) {
    return (
      <Empty>
        No call yet. Run <code>%load_ext nexhina_nb</code>, then a cell that starts with{' '}
        <code>%%nexhina</code>; “Insert” beside a model writes one.
      </Empty>
    );
  }
  const now = new Date();
  return (
    <ul className="nx-list nx-Calls" role="list" aria-label="The last calls, newest first">
      {calls.map(call => (
        <li key={call.request_id} className="nx-row-item">
          <Row call={call} now={now} reveal={reveal} />
        </li>
      ))}
    </ul>
  );
}

function Row(props: { call: ICall; now: Date; reveal: (call: ICall) => void }): React.ReactElement {
  const { call, now, reveal } = props;
  const className = `nx-row nx-Call${call.ok ? '' : ' nx-mod-failed'}`;
  const facts = <Facts call={call} now={now} />;
  if (!call.cell) {
    return (
      <div className={className} data-request={call.request_id}>
        {facts}
      </div>
    );
  }
  return (
    <button
      type="button"
      className={className}
      data-request={call.request_id}
      data-cell={call.cell}
      title={`Show the cell${call.notebook ? ` in ${call.notebook}` : ''}`}
      onClick={() => {
        reveal(call);
      }}
    >
      {facts}
    </button>
  );
}

function Facts({ call, now }: { call: ICall; now: Date }): React.ReactElement {
  return (
    <>
      <span className="nx-row-line">
        <span className="nx-name">{call.model}</span>
        <span className="nx-price">{usd(call.usd)}</span>
      </span>
      <span className="nx-row-line nx-row-facts">
        <span>{clock(call.time, now)}</span>
        <span title="tokens in → out">{tokens(call)}</span>
        <span className="nx-seconds">{seconds(call.seconds)}</span>
      </span>
      {(!call.ok || call.note) && (
        <span className="nx-note">
          {!call.ok && <span className="nx-failed">failed</span>} {call.note}
        </span>
      )}
    </>
  );
}
