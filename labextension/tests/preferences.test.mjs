import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { DEFAULTS, PreferencesModel } from '../lib/preferences.js';

test('the defaults are those of the schema', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../schema/plugin.json', import.meta.url), 'utf8')
  );
  const defaults = Object.fromEntries(
    Object.entries(schema.properties).map(([name, row]) => [name, row.default])
  );
  assert.deepEqual({ ...DEFAULTS }, defaults);
});

test('an update is told, and what it does not name is the default', () => {
  const model = new PreferencesModel();
  let told = 0;
  model.changed.connect(() => told++);
  model.update({ showSpend: false });
  assert.deepEqual(model.values, { ...DEFAULTS, showSpend: false });
  model.update({});
  assert.deepEqual(model.values, { ...DEFAULTS });
  assert.equal(told, 2);
});
