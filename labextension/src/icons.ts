/** The mark of Nexhina: one way in, many ways out. */

import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="none" stroke="#616161" stroke-width="1.8" stroke-linecap="round">
    <path d="M6.4 12H9c5 0 3.5-6.2 8.4-6.2" />
    <path d="M9 12h8.4" />
    <path d="M9 12c5 0 3.5 6.2 8.4 6.2" />
  </g>
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <circle cx="4.6" cy="12" r="2.6" />
    <circle cx="19" cy="5.8" r="2" />
    <circle cx="19" cy="12" r="2" />
    <circle cx="19" cy="18.2" r="2" />
  </g>
</svg>`;

export const nexhinaIcon = new LabIcon({ name: 'nexhina:logo', svgstr: SVG });
