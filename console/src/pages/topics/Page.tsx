import { useState } from "preact/hooks";
import type { TopicsView, TopicView } from "../../api/schema";
import { go } from "../../state/page";
import { examName, venueName } from "../../state/names";
import { useLoad } from "../parts/load";
import { Sheet, Shown } from "../parts/Parts";
import { bars, HEIGHT, hours, sumOf, topOf, WIDTH } from "./plot";
import "./style.css";
import { words } from "./words";

const REREAD_MS = 30_000;

function Plot({ topic, view, top }: { topic: TopicView; view: TopicsView; top: number }) {
  const say = words.value;
  const name = say.category[topic.category] ?? topic.category;
  const [n, own] = [sumOf(topic.counts), topOf(topic.counts)];
  const width = WIDTH / Math.max(1, topic.counts.length);
  return (
    <li class={`topic ${topic.hot ? "topic-hot" : ""}`} data-testid="topic">
      <div class="topic-head">
        <strong>{name}</strong>
        {topic.hot && (
          <span class="tag topic-tag">
            <span aria-hidden="true">▲ </span>
            {say.hot}
          </span>
        )}
      </div>
      <div class="dim topic-place">{[topic.exam && examName(topic.exam), topic.place && venueName(topic.place)].filter(Boolean).join(" · ") || say.nowhere}</div>
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 16}`} role="img" aria-label={say.describe(name, n, own)}>
        <line class="axis" x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
        {hours(Date.parse(view.begins_at), view.bucket_s, topic.counts.length, 6).map(({ x, hour }) => (
          <g key={x}>
            <line class="axis" x1={x} x2={x} y1={HEIGHT} y2={HEIGHT + 3} />
            <text x={x} y={HEIGHT + 12} text-anchor={x < 10 ? "start" : "middle"}>
              {hour}:00
            </text>
          </g>
        ))}
        {bars(topic.counts, top).map((bar) => (
          <rect key={bar.x} class="bar" x={bar.x} y={HEIGHT - bar.height} width={Math.max(1, width - 0.6)} height={bar.height} />
        ))}
      </svg>
      <div class="dim num topic-foot">
        <span>{say.day(n)}</span>
        <span>{say.top(own)}</span>
      </div>
    </li>
  );
}

/** What is talked about, each subject by itself, those that break out first. */
export default function TopicsPage() {
  const say = words.value;
  const topics = useLoad<TopicsView>("/api/topics", REREAD_MS);
  const [shared, setShared] = useState(false);
  return (
    <main class="page-parts">
      <Sheet
        title={say.title}
        testid="topics"
        aside={
          <div class="buttons">
            <button type="button" class="button" aria-pressed={shared} onClick={() => setShared(!shared)}>
              {shared ? say.own : say.scale}
            </button>
            <button type="button" class="button" onClick={() => go("/?kind=web")}>
              {say.toAlerts}
            </button>
          </div>
        }
      >
        <p class="dim">{say.hint}</p>
        <Shown of={topics}>
          {(view) => {
            if (view.topics.length === 0) return <p class="dim">{say.none}</p>;
            const most = topOf(view.topics.flatMap((topic) => topic.counts));
            return (
              <ul class="topics">
                {view.topics.map((topic) => (
                  <Plot
                    key={`${topic.category} ${topic.exam} ${topic.place}`}
                    topic={topic}
                    view={view}
                    top={shared ? most : topOf(topic.counts)}
                  />
                ))}
              </ul>
            );
          }}
        </Shown>
      </Sheet>
    </main>
  );
}
