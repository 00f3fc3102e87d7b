// One exchange behind a row: what was asked, what came back, and what it cost.

import { count, dollars } from "../../format";
import type { Exchange } from "../../wire/types";

export function ExchangeDetail({ exchange }: { exchange: Exchange }) {
  const { role, purpose, messages, reply, finish_reason, prompt_tokens, completion_tokens, usd, seconds } =
    exchange;
  return (
    <details class="tilth-exchange">
      <summary>
        <span class="tilth-exchange-purpose">{purpose}</span>
        <span class="tilth-muted">by the {role}</span>
        <span class="tilth-facts tilth-number">
          {prompt_tokens !== null && completion_tokens !== null && (
            <span>
              {count(prompt_tokens)} + {count(completion_tokens)} tokens
            </span>
          )}
          {exchange.estimated ? <span>estimated</span> : null}
          {usd !== null && <span>{dollars(usd)}</span>}
          {seconds !== null && <span>{seconds.toFixed(2)} s</span>}
          <span>ended by: {finish_reason ?? "unknown"}</span>
        </span>
      </summary>
      {messages.map((message, index) => (
        <Turn key={index} who={message.role} text={message.content} />
      ))}
      <Turn who="reply" text={reply} />
    </details>
  );
}

function Turn({ who, text }: { who: string; text: string }) {
  return (
    <div class={`tilth-turn${who === "reply" ? " tilth-turn-reply" : ""}`}>
      <span class="tilth-turn-who">{who}</span>
      {text === "" ? <p class="tilth-muted">empty</p> : <p class="tilth-text">{text}</p>}
    </div>
  );
}
