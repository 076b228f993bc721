/** Values as text. Money arrives as text and stays text: no digit goes through a float. */

import type { ICall, IModel, IStatus, State } from './tokens.js';

/** What stands where nothing is known. */
export const UNKNOWN = '–';

/** USD for people: `$12.50`, `$0.0075`, `$0.000002`; below a dollar with all digits it has. */
export function usd(amount: string | null): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(amount ?? '');
  if (!match) {
    return amount ?? UNKNOWN;
  }
  const [, sign = '', whole = '0', given = ''] = match;
  const fraction = given.replace(/0+$/, '').padEnd(2, '0');
  const [dollars, cents] = /^0+$/.test(whole) ? ['0', fraction] : rounded(whole, fraction);
  return `${sign}$${grouped(dollars)}.${cents}`;
}

function rounded(whole: string, fraction: string): [string, string] {
  const cents = BigInt(whole + fraction.slice(0, 2)) + (fraction.charAt(2) >= '5' ? 1n : 0n);
  const text = cents.toString();
  return [text.slice(0, -2), text.slice(-2)];
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A message of its own begins with a capital; in a line of the kernel it does not. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A count with its noun: `1 call`, `1,204 calls`. */
export function counted(count: number, noun: string): string {
  return `${grouped(String(count))} ${noun}${count === 1 ? '' : 's'}`;
}

/** A context length: `512`, `8k`, `131k`, `1.05M`. */
export function contextLength(tokens: number): string {
  if (tokens < 1000) {
    return String(tokens);
  }
  if (tokens < 999_500) {
    return `${Math.round(tokens / 1000)}k`;
  }
  return `${Number((tokens / 1e6).toFixed(2))}M`;
}

/** What a model costs: `$0.15 in · $0.60 out`, `free`, `$0.04 per image`. */
export function price(model: IModel): string {
  if (model.per_call !== null) {
    return `${usd(model.per_call)} per ${model.unit ?? 'call'}`;
  }
  if (model.input === null) {
    return 'price unknown';
  }
  if (isNothing(model.output)) {
    return isNothing(model.input) ? 'free' : `${usd(model.input)} in`;
  }
  return `${usd(model.input)} in · ${usd(model.output)} out`;
}

function isNothing(amount: string | null): boolean {
  return amount === null || /^0*(\.0*)?$/.test(amount);
}

const KINDS: Readonly<Record<string, string>> = {
  openai: 'chat',
  'openai-response': 'chat',
  anthropic: 'chat',
  gemini: 'chat',
  embeddings: 'embeddings',
  'jina-rerank': 'rerank',
  moderations: 'moderation',
  'image-generation': 'images',
  'audio-speech': 'speech',
  'audio-transcription': 'transcription',
  'openai-video': 'video'
};

/** What a model is for, from the names that gateways give to their endpoints. */
export function kindNames(kinds: readonly string[]): string {
  return [...new Set(kinds.map(kind => KINDS[kind] ?? kind))].join(', ');
}

/** The tokens of a call: `1,204 → 87`. */
export function tokens(call: ICall): string {
  return `${grouped(String(call.input_tokens))} → ${grouped(String(call.output_tokens))}`;
}

/** A duration: `0.04 s`, `2.3 s`, `2 min 5 s`. Gateways that count whole seconds say 0 for less. */
export function seconds(duration: number): string {
  if (duration === 0) {
    return '< 1 s';
  }
  if (duration >= 99.95) {
    const whole = Math.round(duration);
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  const digits = Number.isInteger(duration) ? 0 : duration < 0.995 ? 2 : 1;
  return `${duration.toFixed(digits)} s`;
}

/** The time of a call: the time of day, with the date if that is another day than `now`. */
export function clock(time: number, now: Date, locale?: string): string {
  const moment = new Date(time * 1000);
  const isToday = moment.toDateString() === now.toDateString();
  const parts: Intl.DateTimeFormatOptions = isToday
    ? { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
    : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return new Intl.DateTimeFormat(locale, parts).format(moment);
}

const STATES: Record<State, string> = {
  running: 'Running',
  stopped: 'Stopped',
  starting: 'Starting…',
  stopping: 'Stopping…',
  failed: 'Failed',
  remote: 'Remote'
};

/** A state as a heading; null: the Jupyter server has not answered. */
export function stateName(state: State | null): string {
  return state === null ? 'Unknown' : STATES[state];
}

/** The text of the status bar. */
export function statusLine(
  state: State | null,
  status: IStatus | null,
  options: { showSpend: boolean; isBroken: boolean }
): string {
  if (state === null) {
    return options.isBroken ? 'gateway unknown' : 'gateway …';
  }
  const name = state === 'remote' ? `remote ${host(status?.base_url ?? '')}`.trim() : 'gateway';
  const isUp = state === 'running' || state === 'remote';
  if (isUp && options.showSpend && status?.today) {
    return `${name} · ${usd(status.today.usd)} today`;
  }
  return state === 'remote' ? name : `${name} ${STATES[state].toLowerCase()}`;
}

/** An address without what goes without saying. */
export function shortAddress(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

function host(url: string): string {
  return /^\w+:\/\/([^/]+)/.exec(url)?.[1] ?? '';
}

/** The lines of the status bar's tooltip. */
export function statusDetails(status: IStatus | null, problem: string | null): string {
  const { base_url: address, today, key } = status ?? {};
  const left = key?.available_usd;
  const lines = [
    address && `Address: ${address}`,
    today && `Today: ${counted(today.calls, 'call')}, ${counted(today.errors, 'error')}`,
    key && (left ? `Key “${key.name}”: ${usd(left)} left` : `Key “${key.name}”: no limit`),
    problem,
    'Click for the panel'
  ];
  return lines.filter(Boolean).join('\n');
}
