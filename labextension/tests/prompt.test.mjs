import assert from 'node:assert/strict';
import test from 'node:test';
import { isPrompt, isVerbatim, lineSpans, magicLine, variableSpans } from '../lib/prompt.js';

const texts = (source, spans) => spans.map(({ from, to, kind }) => [source.slice(from, to), kind]);

test('a prompt begins with the magic; blank lines and indentation before it do not count', () => {
  for (const source of ['%%nexhina', '%%nexhina\nhi', '%%nexhina embed', '\n \n  %%nexhina\nhi']) {
    assert.ok(isPrompt(source), source);
  }
});

test('nothing else is a prompt', () => {
  const others = [
    '',
    '%nexhina models',
    '%%nexhinas',
    '%%nexhina_x',
    'x = 1\n%%nexhina',
    '# %%nexhina',
    '%%bash',
    '%% nexhina',
    '%%time\n%%nexhina'
  ];
  assert.deepEqual(others.filter(isPrompt), []);
});

test('the line of the magic is found where it stands', () => {
  const line = source => {
    const { from, to } = magicLine(source);
    return source.slice(from, to);
  };
  assert.equal(line('%%nexhina -m x\nprompt'), '%%nexhina -m x');
  assert.equal(line('\n  %%nexhina'), '%%nexhina');
  assert.equal(magicLine('x = 1'), null);
});

test('verb, options and quoted texts of the line are told apart', () => {
  const line = '%%nexhina rerank -m local/rerank --system="Be brief" -q "late parcels" -n 10 -t -1';
  assert.deepEqual(texts(line, lineSpans(line)), [
    ['%%nexhina', 'magic'],
    ['rerank', 'verb'],
    ['-m', 'option'],
    ['--system', 'option'],
    ['-q', 'option'],
    ['"late parcels"', 'text'],
    ['-n', 'option'],
    ['-t', 'option']
  ]);
});

test('a line without a verb has none', () => {
  const line = '%%nexhina -o reply';
  assert.deepEqual(texts(line, lineSpans(line)), [
    ['%%nexhina', 'magic'],
    ['-o', 'option']
  ]);
});

test('an open quotation mark goes to the end of the line', () => {
  const line = '%%nexhina -s "not yet closed';
  assert.deepEqual(texts(line, lineSpans(line)).at(-1), ['"not yet closed', 'text']);
});

test('variables are what the kernel would insert', () => {
  const source =
    'Hi {{name}}, {{ user.name }}, {{rows[0].x}}, {{größe}}, {{t["a b"]}} and {{d[-1]}}';
  assert.deepEqual(
    texts(source, variableSpans(source)).map(([text]) => text),
    ['{{name}}', '{{ user.name }}', '{{rows[0].x}}', '{{größe}}', '{{t["a b"]}}', '{{d[-1]}}']
  );
});

test('other braces are left alone', () => {
  for (const source of ['{name}', '{{a + b}}', '{{}}', '{{1x}}', '{{"a": 1}}', '{{ f(x) }}']) {
    assert.deepEqual(variableSpans(source), [], source);
  }
});

test('offsets count from where the text stands', () => {
  assert.deepEqual(variableSpans('{{a}}', 10), [{ from: 10, to: 15, kind: 'variable' }]);
  assert.deepEqual(lineSpans('%%nexhina', 3), [{ from: 3, to: 12, kind: 'magic' }]);
});

test('--verbatim leaves braces as they are', () => {
  assert.ok(isVerbatim('%%nexhina --verbatim'));
  assert.ok(!isVerbatim('%%nexhina --verbatims'));
});
