/** Map and venues: where the sensors are and how they do, when sessions run, and where a sender may be. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, get } from "../../api/client";
import type { AreaView, MapView } from "../../api/schema";
import { language } from "../../i18n";
import { health } from "../../state/desk";
import { at, restate } from "../../state/page";
import { isPerson, who } from "../../state/person";
import { ErrorNotice, Notice } from "../../ui/Notice";
import { Coded } from "../../ui/Coded";
import { alerts, asApiError, followAlerts } from "../spectrum/data";
import { AreaPanel, EmissionList } from "./Area";
import { flatAt, middleOf } from "./flat";
import { Ground } from "./Ground";
import { VenueList } from "./Venues";
import { words } from "./words";
import "./style.css";

const AREA_AGAIN_MS = 10_000;

function useMap(attempt: number): MapView | ApiError | null {
  const [view, setView] = useState<MapView | ApiError | null>(null);
  useEffect(() => {
    const mine = new AbortController();
    get<MapView>("/api/map", mine.signal).then(setView, (cause: unknown) => {
      if (!mine.signal.aborted) setView(asApiError(cause));
    });
    return () => mine.abort();
  }, [attempt]);
  return view;
}

/** The area of the chosen alert; worked out again while it is open, as levels come in. */
function useArea(fingerprint: string | null): AreaView | ApiError | null {
  const [area, setArea] = useState<AreaView | ApiError | null>(null);
  useEffect(() => {
    setArea(null);
    if (!fingerprint) return undefined;
    const mine = new AbortController();
    const read = () => {
      get<AreaView>(`/api/alerts/${encodeURIComponent(fingerprint)}/area`, mine.signal).then(setArea, (cause: unknown) => {
        if (!mine.signal.aborted) setArea(asApiError(cause));
      });
    };
    read();
    const timer = window.setInterval(read, AREA_AGAIN_MS);
    return () => {
      clearInterval(timer);
      mine.abort();
    };
  }, [fingerprint]);
  return area;
}

export function toMap(change: { venue?: string | null; alert?: string | null }): void {
  const query = new URLSearchParams();
  const alert = change.alert === undefined ? at.value.query.get("alert") : change.alert;
  const venue = change.venue === undefined ? at.value.open : change.venue;
  if (alert) query.set("alert", alert);
  const asked = query.toString();
  restate(`/map${venue ? `/${encodeURIComponent(venue)}` : ""}${asked ? `?${asked}` : ""}`);
}

export default function MapPage() {
  const [attempt, setAttempt] = useState(0);
  const view = useMap(attempt);
  const chosen = at.value.query.get("alert");
  const venue = at.value.open;
  const person = who.value;
  const mayAlerts = isPerson(person) && person.permissions.includes("alerts");
  useEffect(() => (mayAlerts ? followAlerts() : undefined), [mayAlerts]);
  const area = useArea(mayAlerts ? chosen : null);
  const text = words.value;
  const placed = useMemo(() => {
    if (!view || view instanceof ApiError) return [];
    return [...view.venues, ...view.sensors].flatMap(({ lat, lon }) => (lat === null || lon === null ? [] : [{ lat, lon }]));
  }, [view]);
  const flat = useMemo(() => flatAt(middleOf(placed)), [placed]);
  if (view instanceof ApiError) {
    return <ErrorNotice title={text.failed} error={view} retry={() => setAttempt(attempt + 1)} />;
  }
  if (!view) return <Notice title={text.loading} />;
  const sensors = health.value?.sensors ?? [];
  const found = area && !(area instanceof ApiError) ? area : null;
  return (
    <main class="map-page" lang={language.value === "zh" ? "zh-CN" : "en"}>
      <div class="map-side">
        <h2>{text.title}</h2>
        <VenueList view={view} sensors={sensors} open={venue} />
      </div>
      <div class="map-middle">
        {placed.length === 0 ? (
          <Notice title={text.noPlaces}>
            <p class="dim">
              <Coded text={text.noPlacesHint} />
            </p>
          </Notice>
        ) : (
          <Ground key={venue ?? ""} view={view} flat={flat} sensors={sensors} venue={venue} area={found} />
        )}
      </div>
      {mayAlerts && (
        <div class="map-side">
          {chosen && <AreaPanel fingerprint={chosen} alert={alerts.value.get(chosen) ?? null} area={area} />}
          <EmissionList alerts={[...alerts.value.values()]} venue={venue} chosen={chosen} />
        </div>
      )}
    </main>
  );
}
