// Tilth's mark: a seedling over two furrows.
import { LabIcon } from "@jupyterlab/ui-components";

// JupyterLab fills what has the class jp-icon3 in the colour of its theme.
const SEEDLING = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M11.1 15.6v-3C7 12.6 4 9.9 4 5.4c4.3 0 7 1.9 7.7 5.1C12.3 6.2 15.2 2.8 20.5 2.8c0 5.3-2.9 8.6-7.6 8.6v4.2z"/>
    <path d="M2 17.2q5-2.4 10 0t10 0v2q-5 2.4-10 0t-10 0z"/>
    <path d="M2 20.9q5-2.4 10 0t10 0v2q-5 2.4-10 0t-10 0z"/>
  </g>
</svg>`;

export const tilthIcon = new LabIcon({ name: "tilth:icon", svgstr: SEEDLING });
