/** The one model of the front end: what the gateway is, may and did, asked again and again. */

import { Poll, Throttler } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import { Problem } from './problem.js';
import type {
  Action,
  ICall,
  IGatewayModel,
  IModel,
  IProblem,
  ISpend,
  IStatus,
  State
} from './tokens.js';

/** GET a path of the REST interface, or POST a body to it. Rejects with a `Problem`. */
export type Ask = <T>(path: string, body?: object) => Promise<T>;

export const CALLS_SHOWN = 20;

const UNDER_WAY: Record<Action, State> = { start: 'starting', stop: 'stopping' };

/** While somebody else starts or stops the gateway, look this often (milliseconds). */
const IN_BETWEEN = 1000;

/** A moment, in which several calls of `refreshSoon` become one look. */
const SOON = 150;

/** The Jupyter server remembers an answer for a second; after this time it is surely a new one. */
const FRESH = 1300;

const LONGEST_WAIT = 5 * 60 * 1000;

export class GatewayModel implements IGatewayModel {
  constructor(
    private readonly _ask: Ask,
    private _seconds: number
  ) {
    this._poll = new Poll<void, Problem>({
      name: '@nexhina/nb:gateway',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: _seconds * 1000, backoff: true, max: LONGEST_WAIT },
      standby: 'when-hidden'
    });
    const later = { edge: 'trailing' } as const;
    this._soon = new Throttler(() => this._poll.refresh(), { ...later, limit: SOON });
    this._onceMore = new Throttler(() => this._poll.refresh(), { ...later, limit: FRESH });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get status(): IStatus | null {
    return this._status;
  }

  get models(): readonly IModel[] | null {
    return this._models;
  }

  get calls(): readonly ICall[] | null {
    return this._calls;
  }

  get problem(): IProblem | null {
    return this._unanswered ?? this._undone;
  }

  get state(): State | null {
    return this._underWay ? UNDER_WAY[this._underWay] : (this._status?.state ?? null);
  }

  get watched(): boolean {
    return this._watched;
  }

  set watched(watched: boolean) {
    const begins = watched && !this._watched;
    this._watched = watched;
    if (begins) {
      this.refreshSoon();
    }
  }

  set seconds(seconds: number) {
    this._seconds = seconds;
    this._setPace();
    this.refreshSoon(); // what is scheduled still waits for as long as before
  }

  /** Begin to look, without waiting for the first answer. */
  start(): void {
    void this._poll.start();
  }

  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  refreshSoon(): void {
    void this._soon.invoke();
    void this._onceMore.invoke();
  }

  async act(action: Action): Promise<void> {
    this._turn++; // what was asked before must not overwrite what comes of this
    this._underWay = action;
    this._changed.emit();
    try {
      this._undone = null;
      this._take(await this._ask<IStatus>('gateway', { action }));
    } catch (error) {
      this._undone = Problem.of(error);
      throw error;
    } finally {
      this._turn++;
      this._underWay = null;
      this._changed.emit();
      this.refreshSoon();
    }
  }

  dispose(): void {
    for (const timed of [this._poll, this._soon, this._onceMore]) {
      // A disposed poll leaves its timer running, a stopped one does not.
      void timed.stop().then(() => {
        timed.dispose();
      });
    }
    Signal.clearData(this);
  }

  private async _look(): Promise<void> {
    const turn = ++this._turn;
    try {
      const status = await this._ask<IStatus>('status');
      if (turn === this._turn) {
        this._take(status);
        await this._lookCloser(turn);
      }
      if (turn === this._turn) {
        this._unanswered = null;
      }
    } catch (error) {
      if (turn === this._turn) {
        this._unanswered = Problem.of(error);
      }
      throw error; // the poll waits longer then
    } finally {
      this._changed.emit();
    }
  }

  private _take(status: IStatus): void {
    const isAnother =
      status.base_url !== this._status?.base_url ||
      status.pid !== this._status.pid ||
      !isUp(status);
    if (isAnother) {
      this._models = null;
      this._calls = null;
    }
    if (status.state !== this._status?.state) {
      this._undone = null;
    }
    this._status = status;
    this._setPace();
  }

  /** Models once for each gateway; calls when there are new ones, which the day's figures tell. */
  private async _lookCloser(turn: number): Promise<void> {
    const status = this._status;
    if (!this._watched || !status || !isUp(status)) {
      return;
    }
    this._changed.emit();
    if (!this._models) {
      const { models } = await this._ask<{ models: IModel[] }>('models');
      if (turn !== this._turn) {
        return; // a later look, or an action, knows better
      }
      this._models = models;
    }
    const seen = status.today && seenIn(status.today);
    if (!this._calls || !seen || seen !== this._seen) {
      const { calls } = await this._ask<{ calls: ICall[] }>(`calls?limit=${CALLS_SHOWN}`);
      if (turn === this._turn) {
        this._calls = calls;
        this._seen = seen;
      }
    }
  }

  private _setPace(): void {
    const state = this._status?.state;
    const isBetween = state === 'starting' || state === 'stopping';
    const interval = isBetween ? IN_BETWEEN : this._seconds * 1000;
    if (interval !== this._poll.frequency.interval) {
      this._poll.frequency = { interval, backoff: true, max: LONGEST_WAIT };
    }
  }

  private readonly _poll: Poll<void, Problem>;
  private readonly _soon: Throttler;
  private readonly _onceMore: Throttler;
  private readonly _changed = new Signal<this, void>(this);
  private _status: IStatus | null = null;
  private _models: IModel[] | null = null;
  private _calls: ICall[] | null = null;
  /** Why the last look failed. */
  private _unanswered: IProblem | null = null;
  /** Why the last start or stop failed; told until it succeeds or the state has changed. */
  private _undone: IProblem | null = null;
  private _underWay: Action | null = null;
  private _watched = false;
  private _seen: string | null = null;
  private _turn = 0;
}

/** What changes with every call, also with one that failed or cost nothing. */
function seenIn({ calls, errors, quota }: ISpend): string {
  return [calls, errors, quota].join(' ');
}

function isUp(status: IStatus): boolean {
  return status.state === 'running' || status.state === 'remote';
}
