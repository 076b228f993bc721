import assert from 'node:assert/strict';
import test from 'node:test';
import * as format from '../lib/format.js';

test('money keeps every digit below a dollar, and is rounded to cents from there on', () => {
  const shown = {
    0: '$0.00',
    0.5: '$0.50',
    0.0042: '$0.0042',
    0.000002: '$0.000002',
    '0.100000': '$0.10',
    12.5: '$12.50',
    1.005: '$1.01',
    9.996: '$10.00',
    1234567.891: '$1,234,567.89',
    '-0.0075': '-$0.0075',
    '00.25': '$0.25'
  };
  for (const [amount, text] of Object.entries(shown)) {
    assert.equal(format.usd(amount), text);
  }
  assert.equal(format.usd(null), '–');
  assert.equal(format.usd('free of charge'), 'free of charge');
});

test('money above what a float holds keeps its digits', () => {
  assert.equal(format.usd('90071992547409931.25'), '$90,071,992,547,409,931.25');
});

test('a message begins with a capital', () => {
  assert.equal(format.capitalized('no port is free'), 'No port is free');
  assert.equal(format.capitalized(''), '');
});

test('counts have separators and the right noun', () => {
  assert.equal(format.counted(0, 'call'), '0 calls');
  assert.equal(format.counted(1, 'error'), '1 error');
  assert.equal(format.counted(1234567, 'call'), '1,234,567 calls');
});

test('context lengths are short', () => {
  const shown = [512, 999, 1000, 8192, 131072, 999_499, 999_500, 1_047_576, 2_000_000];
  const texts = ['512', '999', '1k', '8k', '131k', '999k', '1M', '1.05M', '2M'];
  assert.deepEqual(shown.map(format.contextLength), texts);
});

test('a price says per what it is, that there is none, or that nobody knows', () => {
  const nothing = { input: null, output: null, per_call: null, unit: null };
  assert.equal(format.price({ ...nothing, input: '0.15', output: '0.6' }), '$0.15 in · $0.60 out');
  assert.equal(format.price({ ...nothing, input: '0.02' }), '$0.02 in');
  assert.equal(format.price({ ...nothing, input: '0.02', output: '0' }), '$0.02 in');
  assert.equal(format.price({ ...nothing, input: '0', output: '0.00' }), 'free');
  assert.equal(format.price({ ...nothing, per_call: '0.04', unit: 'image' }), '$0.04 per image');
  assert.equal(format.price(nothing), 'price unknown');
});

test('durations are exact where it matters', () => {
  const shown = [0, 0.042, 0.994, 0.996, 1, 2.34, 12, 99.96, 125.4];
  const texts = ['< 1 s', '0.04 s', '0.99 s', '1.0 s', '1 s', '2.3 s', '12 s', '1 min 40 s'];
  assert.deepEqual(shown.map(format.seconds), [...texts, '2 min 5 s']);
});

test('a call of today shows the time, another one the day as well', () => {
  const now = new Date(2026, 9, 31, 15, 0, 0);
  const morning = new Date(2026, 9, 31, 9, 5, 7).getTime() / 1000;
  const before = new Date(2026, 9, 30, 23, 59, 0).getTime() / 1000;
  assert.equal(format.clock(morning, now, 'en-GB'), '09:05:07');
  assert.equal(format.clock(before, now, 'en-GB'), '30 Oct, 23:59');
});

const status = {
  state: 'running',
  owned: true,
  base_url: 'http://127.0.0.1:8787/v1',
  pid: 7,
  version: '0.1.0',
  error: null,
  key: { name: 'notebook', used_usd: '0.01', available_usd: '4.99' },
  today: { calls: 12, errors: 1, quota: 2100, usd: '0.0042' }
};

test('the status bar tells state and spend', () => {
  const line = (state, more, options) =>
    format.statusLine(state, more, { showSpend: true, isBroken: false, ...options });
  assert.equal(line('running', status), 'gateway · $0.0042 today');
  assert.equal(line('running', status, { showSpend: false }), 'gateway running');
  assert.equal(line('running', { ...status, today: null }), 'gateway running');
  assert.equal(line('stopped', { ...status, today: null }), 'gateway stopped');
  assert.equal(line('stopping', status), 'gateway stopping…');
  assert.equal(line(null, null), 'gateway …');
  assert.equal(line(null, null, { isBroken: true }), 'gateway unknown');
  const remote = { ...status, base_url: 'https://ai.example:8443/v1' };
  assert.equal(line('remote', { ...remote, today: null }), 'remote ai.example:8443');
  assert.equal(line('remote', remote), 'remote ai.example:8443 · $0.0042 today');
});

test('its tooltip has address, calls, balance and trouble', () => {
  const text = format.statusDetails(status, 'the gateway is slow');
  for (const part of ['http://127.0.0.1:8787/v1', '12 calls, 1 error', '$4.99 left', 'is slow']) {
    assert.ok(text.includes(part), part);
  }
  const unlimited = { ...status, key: { ...status.key, available_usd: null } };
  assert.ok(format.statusDetails(unlimited, null).includes('no limit'));
  assert.equal(format.statusDetails(null, null), 'Click for the panel');
});

test('kinds have names that people know; one that is not known keeps its own', () => {
  assert.equal(format.kindNames(['openai']), 'chat');
  assert.equal(format.kindNames(['jina-rerank', 'holograms']), 'rerank, holograms');
  assert.equal(format.kindNames(['anthropic', 'openai']), 'chat');
  assert.equal(format.kindNames(['audio-speech']), 'speech');
  assert.equal(format.kindNames([]), '');
});

test('an address is shown without its scheme', () => {
  assert.equal(format.shortAddress('http://127.0.0.1:8787/v1'), '127.0.0.1:8787/v1');
  assert.equal(format.shortAddress('https://ai.example/v1'), 'ai.example/v1');
});
