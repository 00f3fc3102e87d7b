// An opened point: each of its cells, what it was trained on, how it did, and what its student got wrong.

import { useEffect, useState } from "preact/hooks";
import { count, DASH, decimal, dollars, percent } from "../../format";
import type { PickedPoint } from "../../state/studyCharts";
import type { Cell } from "../../wire/types";
import { DetailPanel } from "../shared/DetailPanel";
import { SourcedValue } from "../shared/SourcedValue";
import { useView } from "../shared/viewContext";

export function CellDetail({ picked, close }: { picked: PickedPoint; close(): void }) {
  const { store } = useView();
  const { point, test } = picked;
  const [shown, setShown] = useState(0);
  const [cell, setCell] = useState<Cell | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const id = point.cells[shown] ?? "";

  useEffect(() => {
    let gone = false;
    setProblem(null);
    store.ask("regimes-cell", { cell_id: id, test }).then(
      ({ content }) => gone || setCell(content.cell),
      (error: Error) => gone || setProblem(error.message),
    );
    return () => {
      gone = true;
    };
  }, [store, id, test]);

  return (
    <DetailPanel
      label={`Cells of ${point.strategy}, ${count(point.seeds)} seeds, ratio ${decimal(point.ratio)}`}
      class="tilth-cell"
      head={
        <>
          <strong class="tilth-cut">{point.strategy}</strong>
          <span class="tilth-number">{count(point.seeds)} seeds</span>
          <span class="tilth-number">ratio {decimal(point.ratio)}</span>
          {point.cells.length > 1 && (
            <fieldset class="tilth-segments">
              <legend class="tilth-hidden">Replicate</legend>
              {point.cells.map((each, place) => (
                <button
                  key={each}
                  type="button"
                  class={`tilth-segment${place === shown ? " tilth-segment-on" : ""}`}
                  aria-pressed={place === shown}
                  aria-label={`Replicate ${place + 1}`}
                  onClick={() => setShown(place)}
                >
                  {place + 1}
                </button>
              ))}
            </fieldset>
          )}
        </>
      }
      closeLabel="Close the cell"
      close={close}
      waiting={cell ? null : "Reading the study's file…"}
      problem={problem}
    >
      {cell && <CellContent cell={cell} />}
    </DetailPanel>
  );
}

function CellContent({ cell }: { cell: Cell }) {
  return (
    <>
      <p class="tilth-facts">
        <SourcedValue name="Rows" source="counted: what the student was trained on">
          <span class="tilth-number">{count(cell.rows)}</span> rows
        </SourcedValue>
        <SourcedValue name="Rows per seed" source="counted: rows divided by seeds">
          <span class="tilth-number">{decimal(cell.rows_per_seed)}</span> a seed
        </SourcedValue>
        <SourcedValue
          name="Prefix"
          source={`measured: queries of the first units of run ${cell.run_id} that fit under ${count(cell.budget_queries)}`}
        >
          prefix of <span class="tilth-number">{count(cell.queries)}</span> queries
        </SourcedValue>
        {cell.usd !== null && cell.usd > 0 && (
          <SourcedValue name="Cost" source="measured: reported usage at the teacher's price">
            <span class="tilth-number">{dollars(cell.usd)}</span>
          </SourcedValue>
        )}
        <SourcedValue
          name="Training"
          source="measured: CPU seconds to train the student and to ask it all questions"
        >
          {cell.student} in <span class="tilth-number">{cell.seconds.toFixed(2)}</span> CPU s
          {cell.machine && <span class="tilth-muted"> on {cell.machine}</span>}
        </SourcedValue>
        {cell.cut_off !== null && (
          <SourcedValue
            name="Cut off"
            source={`measured: answers on ${cell.test} that met the limit on their length`}
          >
            <span class="tilth-number">{percent(cell.cut_off)}</span> cut off
          </SourcedValue>
        )}
      </p>
      <ul class="tilth-cell-tests">
        {cell.tests.map((record) => (
          <li key={record.test} class={record.test === cell.test ? "tilth-strong" : ""}>
            <span>{record.test}</span>
            <SourcedValue
              name={`Accuracy on ${record.test}`}
              source={`measured: ${count(record.correct)} of ${count(record.n_test)} questions; Wilson's 95% interval for this cell`}
            >
              <span class="tilth-number">{percent(record.accuracy)}</span>{" "}
              <span class="tilth-muted tilth-number">
                {percent(record.ci_low)} to {percent(record.ci_high)}
              </span>
            </SourcedValue>
          </li>
        ))}
      </ul>
      <h4 class="tilth-label">
        Wrong on {cell.test}{" "}
        <span class="tilth-number">
          {cell.missed > cell.wrong.length
            ? `first ${count(cell.wrong.length)} of ${count(cell.missed)}`
            : count(cell.missed)}
        </span>
      </h4>
      {cell.wrong.length > 0 ? (
        <table class="tilth-table tilth-wrong">
          <thead>
            <tr>
              <th scope="col">question</th>
              <th scope="col">answered</th>
              <th scope="col">reference</th>
            </tr>
          </thead>
          <tbody>
            {cell.wrong.map(({ question, answer, reference }) => (
              <tr key={question}>
                <td>
                  <bdi>{question}</bdi>
                </td>
                <td>{answer === null ? <span title="no answer">{DASH}</span> : <bdi>{answer}</bdi>}</td>
                <td>
                  <bdi>{reference}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="tilth-muted">Nothing: every question was answered right.</p>
      )}
    </>
  );
}
