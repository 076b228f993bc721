import assert from 'node:assert/strict';
import test from 'node:test';
import { insertion, loadsMagics, verbOf } from '../lib/insertion.js';
import { isPrompt } from '../lib/prompt.js';

test('the kind of a model decides the verb', () => {
  const verb = (...kinds) => verbOf({ id: 'm', kinds });
  assert.equal(verb('openai'), 'chat');
  assert.equal(verb('anthropic', 'openai'), 'chat');
  assert.equal(verb('embeddings'), 'embed');
  assert.equal(verb('jina-rerank'), 'rerank');
  assert.equal(verb('image-generation'), 'image');
  assert.equal(verb('audio-speech'), 'speak');
  assert.equal(verb('holograms'), null);
  assert.equal(verb('holograms', 'openai'), 'chat');
});

test('where a gateway tells no kind, the name does', () => {
  const verb = id => verbOf({ id, kinds: [] });
  assert.equal(verb('gpt-4o'), 'chat');
  assert.equal(verb('text-embedding-3-small'), 'embed');
  assert.equal(verb('BAAI/bge-reranker-v2-m3'), 'rerank');
});

test('a cell is a prompt, with the cursor where the user goes on', () => {
  const cells = {
    chat: '%%nexhina -m local/chat\n|',
    embed: '%%nexhina embed -m local/chat\n|',
    rerank: '%%nexhina rerank -m local/chat -q "|"\n'
  };
  for (const [verb, expected] of Object.entries(cells)) {
    const { source, cursor } = insertion(verb, 'local/chat');
    assert.equal(`${source.slice(0, cursor)}|${source.slice(cursor)}`, expected);
    assert.ok(isPrompt(source));
  }
});

test('a verb that takes a file is a line without text below it', () => {
  const { source, cursor } = insertion('transcribe', 'local/transcribe');
  assert.equal(source, '%nexhina transcribe -m local/transcribe ');
  assert.equal(cursor, source.length);
});

test('names that a shell would split are quoted', () => {
  assert.equal(insertion('chat', 'my model').source, '%%nexhina -m "my model"\n');
  assert.equal(insertion('chat', 'my "best"').source, '%%nexhina -m \'my "best"\'\n');
});

test('a notebook that loads the magics is recognised', () => {
  assert.ok(loadsMagics('import os\n%load_ext nexhina_nb'));
  assert.ok(loadsMagics('%reload_ext nexhina_nb'));
  assert.ok(!loadsMagics('# %load_ext nexhina_nb'));
  assert.ok(!loadsMagics('%load_ext nexhina_nb_more'));
});
