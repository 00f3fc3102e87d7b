// Tilth's mark: a seedling over two furrows.
import { LabIcon } from "@jupyterlab/ui-components";

// jp-icon3 is the class whose fill JupyterLab sets for each theme.
const SEEDLING = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12.9 8.6C13 5.4 15.400 3 20.500 3c.1 5-2.400 7.500-6 7.700-.6 0-1.100.6-1.100 1.300v4h-1.800v-2.200c0-.8-.6-1.400-1.400-1.500C6.900 12 4.900 10 4.900 6.200c3.700 0 5.900 1.500 6.500 4.300.4-.7.9-1.300 1.500-1.900Z"/>
    <path d="M2 17.700c3.300-1.600 6.600-1.600 10-.2s6.700 1.400 10-.2v1.900c-3.300 1.500-6.600 1.500-10 .1s-6.700-1.400-10 .3v-1.900Z"/>
    <path d="M4.500 21.300c2.500-.9 5-.8 7.500.1s5 1 7.500.1v1.700c-2.500.8-5 .7-7.500-.1s-5-.9-7.500-.1v-1.700Z"/>
  </g>
</svg>`;

export const tilthIcon = new LabIcon({ name: "tilth:icon", svgstr: SEEDLING });
