// How far the answers to one question agree, where questions were put to a vote.

import { count, percent } from "../../format";
import type { Quality } from "../../wire/types";
import { SourcedValue } from "../shared/SourcedValue";
import { CountBars } from "./CountBars";

export function Agreement({ agreement }: { agreement: NonNullable<Quality["agreement"]> }) {
  const { questions, by_share, mean_share } = agreement;
  return (
    <CountBars
      title="Agreement"
      counts={by_share}
      of={questions}
      what="questions that were put to a vote"
      tone="good"
      bad="no majority"
    >
      <p class="tilth-quality-note">
        <SourcedValue
          name="Mean share of a question's answers that agree"
          source={`measured: over ${count(questions)} questions that were put to a vote; a mistake that a model makes each time agrees with itself`}
        >
          mean share <span class="tilth-number">{percent(mean_share, 0)}</span>
        </SourcedValue>
      </p>
    </CountBars>
  );
}
