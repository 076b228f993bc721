/** The first section: state, address, spend, and what went wrong. */

import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import { capitalized, counted, shortAddress, stateName, UNKNOWN, usd } from '../format.js';
import {
  CommandIDs,
  type IGatewayModel,
  type IKey,
  type IProblem,
  type ISpend,
  type IStatus,
  type State
} from '../tokens.js';
import { Dot } from './dot.js';

interface IProps {
  model: IGatewayModel;
  commands: CommandRegistry;
  execute: (command: string) => void;
}

export function Health({ model, commands, execute }: IProps): React.ReactElement {
  const { state, status } = model;
  const trouble = model.problem ?? toldBy(status?.error);
  return (
    <div className="nx-Health">
      <div className="nx-Health-head">
        <Dot state={state} />
        <span className="nx-Health-state" role="status">
          {stateName(state)}
        </span>
        <SwitchButton state={state} commands={commands} execute={execute} />
      </div>
      {status && isUp(state) && <Facts status={status} />}
      <Troubles trouble={trouble} />
      {!trouble && (state === 'stopped' || state === 'failed') && (
        <p className="nx-hint">
          Start one gateway for all notebooks of this server. With no key of a provider it answers
          offline, on built-in models.
        </p>
      )}
    </div>
  );
}

function isUp(state: State | null): boolean {
  return state === 'running' || state === 'remote' || state === 'stopping';
}

function SwitchButton(props: {
  state: State | null;
  commands: CommandRegistry;
  execute: (command: string) => void;
}): React.ReactElement | null {
  const { state, commands, execute } = props;
  if (state === null || state === 'remote') {
    return null;
  }
  const stops = state === 'running' || state === 'stopping';
  const command = stops ? CommandIDs.stop : CommandIDs.start;
  return (
    <button
      type="button"
      className={`nx-button${stops ? '' : ' nx-mod-primary'}`}
      data-action={stops ? 'stop' : 'start'}
      title={commands.caption(command)}
      disabled={!commands.isEnabled(command)}
      onClick={() => {
        execute(command);
      }}
    >
      {stops ? 'Stop' : 'Start'}
    </button>
  );
}

function Facts({ status }: { status: IStatus }): React.ReactElement {
  const { base_url: address, today } = status;
  return (
    <dl className="nx-facts">
      <Fact name="Address" title={address ?? ''} isCode={true}>
        {address ? shortAddress(address) : UNKNOWN}
      </Fact>
      {status.state === 'remote' ? (
        <Fact name="Chosen" title="NEXHINA_BASE_URL, or base_url in nexhina.toml">
          by your settings
        </Fact>
      ) : (
        <Fact name="Process">{processOf(status)}</Fact>
      )}
      <Fact name="Today">{today ? <Spend today={today} /> : 'known only to that gateway'}</Fact>
      {status.key && <Fact name="Key">{keyOf(status.key)}</Fact>}
    </dl>
  );
}

function Spend({ today }: { today: ISpend }): React.ReactElement {
  return (
    <>
      <strong className="nx-spend">{usd(today.usd)}</strong> · {counted(today.calls, 'call')}
      {today.errors > 0 && (
        <span className="nx-error-count"> · {counted(today.errors, 'error')}</span>
      )}
    </>
  );
}

interface IFactProps {
  name: string;
  title?: string;
  isCode?: boolean;
  children: React.ReactNode;
}

function Fact({ name, title, isCode = false, children }: IFactProps): React.ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd
        className={isCode ? 'nx-code' : ''}
        title={title ?? (typeof children === 'string' ? children : undefined)}
        data-fact={name.toLowerCase()}
      >
        {children}
      </dd>
    </>
  );
}

function processOf({ owned, pid, version }: IStatus): string {
  const whose = owned ? '' : 'not started by Jupyter';
  return [pid, version && `version ${version}`, whose].filter(Boolean).join(' · ') || UNKNOWN;
}

function keyOf(key: IKey): string {
  const left = key.available_usd === null ? 'no limit' : `${usd(key.available_usd)} left`;
  return key.name ? `${key.name} · ${left}` : left;
}

function Troubles({ trouble }: { trouble: IProblem | null }): React.ReactElement | null {
  return (
    trouble && (
      <div className="nx-problem" role="alert">
        <div>{capitalized(trouble.message)}</div>
        {trouble.hint && <div className="nx-problem-hint">{trouble.hint}</div>}
      </div>
    )
  );
}

/** An error as nexhina_nb writes it in one line: the message, an arrow, what to do. */
function toldBy(error: string | null | undefined): IProblem | null {
  const [message, ...hint] = (error ?? '').split(' → ');
  return message ? { message, hint: hint.join(' → ') || null } : null;
}
