// How counts of rows and their shares are told in the Quality tab.

import { percent } from "../../format";

/** Where a count comes from. */
export const COUNTED = "measured: counted in the run's file";

/** A part of a whole in per cent, or nothing where there is no whole. */
export const shareText = (part: number, all: number): string => (all === 0 ? "" : percent(part / all, 0));
