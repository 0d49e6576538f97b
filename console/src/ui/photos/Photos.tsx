import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, evidenceUrl } from "../../api/client";
import type { AlertDetail, PhotoView } from "../../api/schema";
import { pairs } from "./geometry";
import { Stage } from "./Stage";
import { atOnce, chosen, lit, look, may, photos, pointed, readPhotos, reasonsOf, setAtOnce } from "./state";
import "./style.css";
import { words } from "./words";

type Seen = ImageBitmap | "coming" | ApiError;

/** A photo small: its pixels where it was looked at, else where its lines stand. */
function Thumb({ photo, seen }: { photo: PhotoView; seen: Seen | undefined }) {
  const [width, height] = [photo.width_px ?? 4, photo.height_px ?? 3];
  const bitmap = seen instanceof ImageBitmap ? seen : null;
  return (
    <span class="photo-small">
      {bitmap ? (
        <canvas
          ref={(canvas) => {
            if (!canvas) return;
            const scale = Math.min(1, 160 / Math.max(bitmap.width, bitmap.height));
            [canvas.width, canvas.height] = [bitmap.width * scale, bitmap.height * scale];
            canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
          }}
        />
      ) : (
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          <rect width={width} height={height} class="photo-sheet" />
          {photo.boxes.map((box, index) => (
            <polygon
              key={index}
              class="photo-ink"
              points={pairs(box.corners_px)
                .map((corner) => corner.join(","))
                .join(" ")}
            />
          ))}
        </svg>
      )}
    </span>
  );
}

function Strip({
  found,
  open,
  seen,
  alert,
  choose,
}: {
  found: readonly PhotoView[];
  open: PhotoView;
  seen: ReadonlyMap<string, Seen>;
  alert: AlertDetail;
  choose: (digest: string) => void;
}) {
  const say = words.value;
  return (
    <div class="photo-strip" role="tablist" aria-label={say.title}>
      {found.map((photo, index) => {
        const matched = photo.boxes.filter((box) => reasonsOf(box, alert).length > 0).length;
        const name =
          photo.role === "screenshot" ? say.screenshot : say.thumb(index + 1, photo.boxes.length, matched);
        return (
          <button
            type="button"
            role="tab"
            key={photo.digest}
            aria-selected={photo === open}
            aria-label={name}
            title={name}
            onClick={() => choose(photo.digest)}
            data-testid="photo-thumb"
          >
            <Thumb photo={photo} seen={seen.get(photo.digest)} />
            <span class="photo-caption num">
              {photo.role === "screenshot" ? "▤" : index + 1}
              {matched > 0 && <b>●{matched}</b>}
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** What stands in the place of the pixels, and why. */
function Told({ photo, seen, ask }: { photo: PhotoView; seen: Seen | undefined; ask: () => void }) {
  const say = words.value;
  if (photo.state === "dropped") return <p class="caution">{say.dropped[photo.why_dropped ?? ""] ?? say.gone}</p>;
  if (photo.state === "gone") return <p class="caution">{say.gone}</p>;
  if (!may("personal")) return <p class="caution">{say.layoutOnly}</p>;
  if (seen === "coming") return <p class="dim">{say.coming}</p>;
  if (seen instanceof ApiError) {
    if (seen.code === "picture-unreadable") return <p class="caution">{say.unreadable}</p>;
    if (seen.code === "no-such-evidence") return <p class="caution">{say.gone}</p>;
    return (
      <p class="caution">
        {say.lookFailed}{" "}
        <button type="button" class="link" onClick={ask}>
          {say.retry}
        </button>
      </p>
    );
  }
  if (seen) return null;
  return (
    <p class="photo-ask">
      <button type="button" class="button" data-key="i" data-testid="photo-ask" onClick={ask}>
        {say.ask} <kbd>i</kbd>
      </button>
      <label>
        <input
          type="checkbox"
          checked={atOnce.value}
          onChange={(event) => {
            setAtOnce(event.currentTarget.checked);
            if (event.currentTarget.checked) ask();
          }}
        />{" "}
        {say.atOnce}
      </label>
      <span class="dim">{say.asked}</span>
    </p>
  );
}

function Line({ photo, alert }: { photo: PhotoView; alert: AlertDetail }) {
  const say = words.value;
  const place = lit.value;
  const box = place?.digest === photo.digest ? photo.boxes[place.box] : undefined;
  const reasons = box ? reasonsOf(box, alert) : [];
  return (
    <p class="photo-line" aria-live="polite" data-testid="photo-line">
      {box && place ? (
        <>
          <span class="dim num">
            {say.line(place.box + 1, photo.boxes.length)} · {say.read(Math.round(box.confidence * 100))}
            {reasons.length > 0 && ` · ${say.reason(reasons.join(", "))}`}
          </span>
          <br />
          {box.text}
        </>
      ) : (
        <span class="dim">{photo.boxes.length ? say.hint : photo.role === "photo" ? say.noLines : ""}</span>
      )}
    </p>
  );
}

/** The photos of a post beside its text. Nothing of a photo is fetched before somebody asks: a look is recorded. */
export function Photos({ alert }: { alert: AlertDetail }) {
  const say = words.value;
  const hasAny =
    alert.event["has_image"] === true || alert.evidence.some((ref) => ["photo", "screenshot"].includes(ref.role));
  const mayRead = may("evidence");
  const [failed, setFailed] = useState(false);
  const [turn, setTurn] = useState(0);
  const [digest, setDigest] = useState<string | null>(null);
  const [seen, setSeen] = useState<ReadonlyMap<string, Seen>>(new Map());
  const [leaving] = useState(() => new AbortController());
  const bitmaps = useRef(new Set<ImageBitmap>());
  // Evidence that comes later, as the picture of the page does, is looked for anew.
  const known = alert.evidence.length;

  useEffect(() => {
    if (!hasAny || !mayRead) return undefined;
    const stop = new AbortController();
    setFailed(false);
    readPhotos(alert.fingerprint, stop.signal).then(
      (answer) => {
        photos.value = { fingerprint: alert.fingerprint, found: answer.photos };
      },
      () => {
        if (!stop.signal.aborted) setFailed(true);
      },
    );
    return () => stop.abort();
  }, [alert.fingerprint, known, hasAny, mayRead, turn]);

  useEffect(
    () => () => {
      leaving.abort();
      // Some 20 MB each: not left to whenever the browser tidies up.
      bitmaps.current.forEach((bitmap) => bitmap.close());
      photos.value = chosen.value = pointed.value = null;
    },
    [],
  );

  const found = photos.value?.fingerprint === alert.fingerprint ? photos.value.found : null;
  const wanted = chosen.value && chosen.value.digest !== digest ? chosen.value.digest : digest;
  const open = found?.find((photo) => photo.digest === wanted) ?? found?.[0];
  const ask = (photo: PhotoView) => {
    const put = (value: Seen) => setSeen((before) => new Map(before).set(photo.digest, value));
    put("coming");
    look(photo.digest, leaving.signal).then(
      (bitmap) => {
        if (leaving.signal.aborted) bitmap.close();
        else {
          bitmaps.current.add(bitmap);
          put(bitmap);
        }
      },
      (cause: unknown) => {
        if (!leaving.signal.aborted) put(cause instanceof ApiError ? cause : new ApiError("unreachable", 0, String(cause)));
      },
    );
  };
  const mayLook = may("personal");
  useEffect(() => {
    if (open && atOnce.value && mayLook && open.state === "kept" && !seen.has(open.digest)) ask(open);
  }, [open?.digest, mayLook]);

  if (!hasAny) return null;
  const shown = open && seen.get(open.digest);
  const number = open && found ? found.indexOf(open) + 1 : 0;
  const name = open?.role === "screenshot" ? say.screenshot : say.photo(number, found?.length ?? 0);
  return (
    <section class="block photos" data-testid="photos">
      <div class="block-head">
        <h3>{open?.role === "screenshot" ? say.screenshot : say.title}</h3>
        {open && open.role === "photo" && (
          <span class="dim num">
            {found && found.length > 1 && `${name} · `}
            {open.width_px !== null && open.height_px !== null && say.size(open.width_px, open.height_px)}
            {!open.is_newest && ` · ${say.older}`}
          </span>
        )}
        {open && mayLook && open.state === "kept" && (
          <a class="link" href={evidenceUrl(open.digest)} download title={say.originalHint}>
            {say.original}
          </a>
        )}
      </div>
      {!mayRead && <p class="caution">{say.notYours}</p>}
      {mayRead && !found && !failed && <p class="dim">{say.loading}</p>}
      {failed && (
        <p class="caution">
          {say.failed}{" "}
          <button type="button" class="link" onClick={() => setTurn(turn + 1)}>
            {say.retry}
          </button>
        </p>
      )}
      {found && open && (
        <>
          {found.length > 1 && (
            <Strip
              found={found}
              open={open}
              seen={seen}
              alert={alert}
              choose={(next) => {
                chosen.value = null;
                setDigest(next);
              }}
            />
          )}
          <Told photo={open} seen={shown} ask={() => ask(open)} />
          {(open.boxes.length > 0 || shown instanceof ImageBitmap) && (
            <>
              <Stage
                key={`${open.digest} ${open.width_px === null && shown instanceof ImageBitmap}`}
                photo={open}
                alert={alert}
                bitmap={shown instanceof ImageBitmap ? shown : null}
                name={name}
              />
              <Line photo={open} alert={alert} />
              {open.n_boxes_dropped > 0 && <p class="dim">{say.more(open.n_boxes_dropped)}</p>}
            </>
          )}
        </>
      )}
    </section>
  );
}
