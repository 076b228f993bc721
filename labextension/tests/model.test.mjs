import assert from 'node:assert/strict';
import test from 'node:test';
import { GatewayModel } from '../lib/model.js';
import { Problem, sentence } from '../lib/problem.js';

const STOPPED = {
  state: 'stopped',
  owned: false,
  base_url: null,
  pid: null,
  version: '0.1.0',
  error: null,
  key: null,
  today: null
};

/** A Jupyter server in a few lines: it keeps a state, and can be told to wait or to fail. */
class Server {
  asked = [];
  status = STOPPED;
  failure = null;
  gates = {};

  start() {
    const today = { calls: 0, errors: 0, quota: 0, usd: '0' };
    this.status = { ...STOPPED, state: 'running', base_url: 'http://x/v1', pid: 7, today };
  }

  call() {
    const { today } = this.status;
    const { calls, quota } = today;
    this.status = { ...this.status, today: { ...today, calls: calls + 1, quota: quota + 4 } };
  }

  failedCall() {
    const { today } = this.status;
    this.status = { ...this.status, today: { ...today, errors: today.errors + 1 } };
  }

  ask = async (path, body) => {
    this.asked.push(body?.action ?? path);
    const { failure, status } = this;
    await this.gates[body?.action ?? path];
    if (failure) {
      throw failure;
    }
    if (body) {
      body.action === 'start' ? this.start() : (this.status = STOPPED);
      return this.status;
    }
    return path === 'models' ? { models: [] } : path === 'status' ? status : { calls: [] };
  };
}

const CALLS = 'calls?limit=20';

async function withModel(run, server = new Server()) {
  const model = new GatewayModel(server.ask, 600);
  try {
    await run(model, server);
  } finally {
    model.dispose();
  }
}

async function until(condition) {
  while (!condition()) {
    await new Promise(resolve => setTimeout(resolve, 1));
  }
}

function gate() {
  let open;
  const promise = new Promise(resolve => (open = resolve));
  return { promise, open };
}

test('nothing is asked before it starts, and nothing is known', () =>
  withModel((model, server) => {
    assert.deepEqual(server.asked, []);
    assert.equal(model.state, null);
  }));

test('while nobody looks at the panel only the status is asked for', () =>
  withModel(async (model, server) => {
    server.start();
    await model.refresh();
    assert.equal(model.state, 'running');
    assert.deepEqual(server.asked, ['status']);
    assert.equal(model.models, null);
  }));

test('who looks gets the models once, and the calls again when there are new ones', () =>
  withModel(async (model, server) => {
    server.start();
    model.watched = true;
    await model.refresh();
    await model.refresh();
    assert.deepEqual(server.asked, ['status', 'models', CALLS, 'status']);
    server.call();
    await model.refresh();
    assert.deepEqual(server.asked.slice(4), ['status', CALLS]);
    server.failedCall();
    await model.refresh();
    assert.deepEqual(server.asked.slice(6), ['status', CALLS]);
  }));

test('a look that is overtaken takes nothing away from the later one', () =>
  withModel(async (model, server) => {
    server.start();
    const { promise, open } = gate();
    server.gates.models = promise;
    model.watched = true;
    model.start();
    await until(() => server.asked.includes('models'));
    server.gates.models = undefined;
    await model.refresh();
    assert.deepEqual([model.models, model.calls], [[], []]);
    open();
    await new Promise(resolve => setTimeout(resolve, 10));
    assert.deepEqual([model.models, model.calls], [[], []]);
  }));

test('a gateway that tells no spending is asked for its calls each time', () =>
  withModel(async (model, server) => {
    server.start();
    server.status = { ...server.status, state: 'remote', today: null };
    model.watched = true;
    await model.refresh();
    await model.refresh();
    assert.equal(server.asked.filter(path => path === CALLS).length, 2);
  }));

test('starting shows at once, and the answer is the new status', () =>
  withModel(async (model, server) => {
    await model.refresh();
    const { promise, open } = gate();
    server.gates.start = promise;
    const started = model.act('start');
    assert.equal(model.state, 'starting');
    open();
    await started;
    assert.equal(model.state, 'running');
    assert.equal(model.problem, null);
  }));

test('an answer from before the start does not overwrite what came of it', () =>
  withModel(async (model, server) => {
    const { promise, open } = gate();
    server.gates.status = promise;
    const old = model.refresh(); // will say "stopped"
    await new Promise(resolve => setTimeout(resolve, 10));
    assert.deepEqual(server.asked, ['status']);
    await model.act('start');
    open();
    await old;
    assert.equal(model.state, 'running');
  }));

test('a stopped gateway leaves no models and calls behind', () =>
  withModel(async (model, server) => {
    server.start();
    model.watched = true;
    await model.refresh();
    assert.deepEqual(model.models, []);
    await model.act('stop');
    assert.deepEqual([model.models, model.calls], [null, null]);
  }));

test('a failed start is told until the gateway has started', () =>
  withModel(async (model, server) => {
    await model.refresh();
    server.failure = new Problem('no port is free', 'set NEXHINA_PORT');
    await assert.rejects(model.act('start'), { message: 'no port is free' });
    server.failure = null;
    await model.refresh();
    assert.equal(sentence(model.problem), 'no port is free → set NEXHINA_PORT');
    assert.equal(model.state, 'stopped');
    server.start(); // somebody else did
    await model.refresh();
    assert.equal(model.problem, null);
  }));

test('a server that does not answer is a problem, and the last status stays', () =>
  withModel(async (model, server) => {
    server.start();
    await model.refresh();
    server.failure = new TypeError('network');
    await model.refresh().catch(() => undefined);
    assert.equal(model.problem.message, 'network');
    assert.equal(model.state, 'running');
    server.failure = null;
    await model.refresh();
    assert.equal(model.problem, null);
  }));

test('every change is told', () =>
  withModel(async model => {
    const states = [];
    model.changed.connect(() => states.push(model.state));
    await model.refresh();
    await model.act('start');
    assert.deepEqual(states, ['stopped', 'starting', 'running']);
  }));
