/** The second section: the models, what they cost, and a cell for each. */

import { InputGroup } from '@jupyterlab/ui-components';
import React, { useState } from 'react';
import { contextLength, kindNames, price } from '../format.js';
import { verbOf, type Verb } from '../insertion.js';
import { CommandIDs, type IGatewayModel, type IModel } from '../tokens.js';
import { Empty } from './empty.js';

interface IProps {
  model: IGatewayModel;
  hasNotebook: boolean;
  insert: (verb: Verb, model: string) => void;
  execute: (command: string) => void;
}

/** More rows than these nobody reads; the filter finds the others. */
const ROWS = 200;

export function Models({ model, hasNotebook, insert, execute }: IProps): React.ReactElement {
  const [filter, setFilter] = useState('');
  const { models } = model;
  if (models === null || models.length === 0) {
    return <NoModels model={model} isEmpty={models !== null} execute={execute} />;
  }
  const found = models.filter(row => matches(row, filter));
  return (
    <div className="nx-Models">
      <div className="nx-Models-filter">
        <InputGroup
          type="search"
          placeholder={`Filter ${models.length} models`}
          aria-label="Filter models by name or kind"
          value={filter}
          rightIcon="ui-components:search"
          onChange={event => {
            setFilter(event.currentTarget.value);
          }}
        />
      </div>
      {found.length === 0 && <Empty>No model has “{filter}” in its name or kind.</Empty>}
      <ul className="nx-list" role="list" aria-label="Models of the gateway">
        {found.slice(0, ROWS).map(row => (
          <Row key={row.id} row={row} hasNotebook={hasNotebook} insert={insert} />
        ))}
      </ul>
      {found.length > ROWS && (
        <Empty>
          {ROWS} of {found.length} are shown. Filter to see others.
        </Empty>
      )}
    </div>
  );
}

function matches(row: IModel, filter: string): boolean {
  const text = [row.id, ...row.kinds, kindNames(row.kinds), row.owner].join(' ').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

interface IRowProps {
  row: IModel;
  hasNotebook: boolean;
  insert: (verb: Verb, model: string) => void;
}

function Row({ row, hasNotebook, insert }: IRowProps): React.ReactElement {
  const context = row.context === null ? [] : [`${contextLength(row.context)} tokens`];
  return (
    <li className="nx-row nx-Model" data-model={row.id}>
      <div className="nx-row-line">
        <span className="nx-name" title={row.owner ? `${row.id}, by ${row.owner}` : row.id}>
          {row.id}
        </span>
        <InsertButton row={row} hasNotebook={hasNotebook} insert={insert} />
      </div>
      <div className="nx-row-line nx-row-facts">
        <span title={`${row.kinds.join(', ')}; context length`}>
          {[kindNames(row.kinds), ...context].filter(Boolean).join(' · ')}
        </span>
        <span className="nx-price" title={priceTitle(row)}>
          {price(row)}
        </span>
      </div>
    </li>
  );
}

function priceTitle(row: IModel): string {
  return row.per_call === null ? 'USD for a million tokens' : `USD for one ${row.unit ?? 'call'}`;
}

function InsertButton({ row, hasNotebook, insert }: IRowProps): React.ReactElement {
  const verb = verbOf(row);
  const title = !verb
    ? 'There is no cell magic for this kind of model'
    : hasNotebook
      ? 'Insert a cell for this model below the active one'
      : 'Open a notebook first';
  return (
    <button
      type="button"
      className="nx-button nx-insert"
      aria-label={`Insert a cell for ${row.id}`}
      title={title}
      disabled={!verb || !hasNotebook}
      onClick={() => {
        if (verb) {
          insert(verb, row.id);
        }
      }}
    >
      Insert
    </button>
  );
}

function NoModels(props: {
  model: IGatewayModel;
  isEmpty: boolean;
  execute: (command: string) => void;
}): React.ReactElement {
  const { model, isEmpty, execute } = props;
  if (isEmpty) {
    return <Empty>The gateway lists no model for this key.</Empty>;
  }
  if (model.state === 'stopped' || model.state === 'failed') {
    return (
      <Empty>
        The models appear once a gateway runs.{' '}
        <button
          type="button"
          className="nx-link"
          onClick={() => {
            execute(CommandIDs.start);
          }}
        >
          Start it
        </button>
      </Empty>
    );
  }
  return <Empty>{model.problem ? 'The models could not be listed.' : 'Asking the gateway…'}</Empty>;
}
