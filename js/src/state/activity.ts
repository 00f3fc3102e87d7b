// What a run's or a study's state means for what can be done, and whether a plan is made.

import type { Plan, RunState, StudyStatus } from "../wire/types";

const RUN_ACTIVE: readonly RunState[] = ["starting", "running", "waiting", "paused", "stopping"];
const STUDY_ACTIVE: readonly StudyStatus["state"][] = ["starting", "running", "waiting"];

export const isRunActive = (state: RunState): boolean => RUN_ACTIVE.includes(state);

export const isStudyActive = ({ state }: StudyStatus): boolean => STUDY_ACTIVE.includes(state);

/** Whether Python has made this plan yet; there is a problem, or each number has its source. */
export const isPlanned = ({ problem, sources }: Plan): boolean =>
  problem !== null || Object.keys(sources).length > 0;
