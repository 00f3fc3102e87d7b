// How the state of a run or of a study is told in words.

import { clock } from "../../format";

/** In place of a state that was true when the kernel was last heard of. */
export const NO_KERNEL = "No kernel";

/** "Finished: the budget is used up"; and not "Stopped: stopped by the user". */
export function withReason(word: string, why: string | null): string {
  if (!why) return word;
  return why.startsWith(word.toLowerCase()) ? word + why.slice(word.length) : `${word}: ${why}`;
}

/** When the next call goes out, in words. */
export const nextTry = (seconds: number | null): string =>
  seconds === null ? "trying now" : `next try in ${clock(Math.ceil(seconds))}`;
