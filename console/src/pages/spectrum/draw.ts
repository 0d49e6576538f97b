/** All of a plot that is not the waterfall itself: levels, axes, owners of the bands, marks and the cursor. */
import { language } from "../../i18n";
import { ticks, timeOfDay } from "../../text/format";
import { LEVEL_MARKS } from "../../ui/icons";
import { ownersOf } from "./bandplan";
import { viridis } from "./colours";
import { frequencies, xOf, yOf, type Box, type Layout } from "./layout";
import { dbOf, type Scale } from "./levels";
import type { Mark } from "./marks";
import type { Scope, Spot } from "./scope";
import { pooled, type Sheet } from "./sheet";
import { instants, overlaps, type Span } from "./span";

/** Seen on the waterfall in both themes: its own brightest colour. */
const OVER_FALL = `rgb(${viridis(1).join(" ")})`;

export interface Palette {
  readonly text: string;
  readonly bright: string;
  readonly dim: string;
  readonly line: string;
  readonly panel: string;
  readonly raised: string;
  readonly accent: string;
  readonly radio: string;
  readonly other: string;
  readonly levels: Record<"critical" | "high" | "medium" | "low", string>;
  readonly font: string;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: of("--text"),
    bright: of("--bright"),
    dim: of("--dim"),
    line: of("--line"),
    panel: of("--panel"),
    raised: of("--raised"),
    accent: of("--accent"),
    radio: of("--radio"),
    other: of("--other"),
    levels: { critical: of("--level-1"), high: of("--level-2"), medium: of("--level-3"), low: of("--level-4") },
    font: `11px ${style.fontFamily}`,
  };
}

export interface Frame {
  readonly layout: Layout;
  readonly hz: Span;
  readonly scale: Scale;
  /** Lines older than the newest, at the top and the bottom of the waterfall. */
  readonly age: Span;
  readonly sheet: Sheet;
  /** Instants at the top and the bottom, the newer first; null while that is not known. */
  readonly time: Span | null;
}

/** Highest code of each bin over the lines in view. */
export function highest(sheet: Sheet, age: Span): Uint8Array {
  const top = new Uint8Array(sheet.width);
  const last = Math.min(Math.ceil(age.high), Math.min(sheet.nPushed, sheet.height));
  for (let one = Math.max(0, Math.floor(age.low)); one < last; one++) {
    const at = sheet.place(one) * sheet.width;
    for (let i = 0; i < sheet.width; i++) {
      const code = sheet.codes[at + i] ?? 0;
      if (code > (top[i] ?? 0)) top[i] = code;
    }
  }
  return top;
}

type Context = CanvasRenderingContext2D;

function trace(context: Context, box: Box, codes: Uint8Array, sheet: Sheet, frame: Frame, line: Uint8Array): Path2D {
  const bin = (hz: number) => (hz - sheet.hz.low) / sheet.binHz;
  pooled(codes, bin(frame.hz.low), bin(frame.hz.high), line);
  const { bottomDb, rangeDb } = frame.scale;
  const path = new Path2D();
  let isDown = false;
  for (let x = 0; x < line.length; x++) {
    const db = dbOf(line[x] ?? 0);
    if (Number.isNaN(db)) {
      isDown = false;
      continue;
    }
    const y = Math.min(box.y + box.height, Math.max(box.y, yOf(box, db, bottomDb, rangeDb)));
    if (isDown) path.lineTo(box.x + x, y);
    else path.moveTo(box.x + x, y);
    isDown = true;
  }
  context.stroke(path);
  return path;
}

/** The survey's levels as steps, each over its own bin. */
function surveyed(context: Context, box: Box, scope: Scope, frame: Frame, colours: Palette): void {
  const template = scope.template;
  if (!template || !scope.comparing.value) return;
  const { bottomDb, rangeDb } = frame.scale;
  for (const [levels, dash] of [[template.p50, []] as const, [template.max, [4, 3]] as const]) {
    context.beginPath();
    let isDown = false;
    levels.forEach((db, i) => {
      const low = template.low_hz + i * template.bin_hz;
      if (db === null || low + template.bin_hz < frame.hz.low || low > frame.hz.high) {
        isDown = false;
        return;
      }
      const [x0, x1] = [xOf(box, low, frame.hz), xOf(box, low + template.bin_hz, frame.hz)];
      const y = Math.min(box.y + box.height, Math.max(box.y, yOf(box, db, bottomDb, rangeDb)));
      if (isDown) context.lineTo(x0, y);
      else context.moveTo(x0, y);
      context.lineTo(x1, y);
      isDown = true;
    });
    context.setLineDash([...dash]);
    context.strokeStyle = colours.levels.high;
    context.lineWidth = 1.2;
    context.stroke();
  }
  context.setLineDash([]);
}

function levels(context: Context, scope: Scope, frame: Frame, colours: Palette, line: Uint8Array): void {
  const box = frame.layout.levels;
  const { bottomDb, rangeDb } = frame.scale;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const { value } of ticks(bottomDb, bottomDb + rangeDb, Math.max(2, box.height / 30))) {
    const y = Math.round(yOf(box, value, bottomDb, rangeDb)) + 0.5;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(box.x, y);
    context.lineTo(box.x + box.width, y);
    context.stroke();
    context.fillStyle = colours.dim;
    if (y > box.y + 6 && y < box.y + box.height - 5) context.fillText(value.toFixed(0).replace("-", "−"), box.x - 5, y);
  }
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  const live = scope.time.value ? null : scope.panorama;
  const codes = live ? live.latest : highest(frame.sheet, frame.age);
  if (live && scope.holding.value) {
    context.strokeStyle = colours.levels.medium;
    context.lineWidth = 1;
    trace(context, box, live.hold, live.sheet, frame, line);
  }
  surveyed(context, box, scope, frame, colours);
  context.strokeStyle = colours.radio;
  context.lineWidth = 1.2;
  trace(context, box, codes, live ? live.sheet : frame.sheet, frame, line);
  context.restore();
}

function axis(context: Context, frame: Frame, colours: Palette, isSmall: boolean): void {
  const { axis: box, fall } = frame.layout;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { hz, label } of frequencies(frame.hz, box.width)) {
    const x = Math.round(xOf(box, hz, frame.hz)) + 0.5;
    if (x < box.x + 14 || x > box.x + box.width - 14) continue;
    context.fillStyle = colours.line;
    context.fillRect(x - 0.5, frame.layout.levels.y, 1, frame.layout.levels.height);
    context.fillStyle = colours.dim;
    context.fillRect(x - 0.5, box.y, 1, 3);
    context.fillText(label, x, box.y + 11);
  }
  context.textAlign = "right";
  context.fillStyle = colours.dim;
  context.fillText("MHz", box.x - 5, box.y + 11);
  if (frame.time === null || isSmall) return;
  const n = Math.max(2, Math.floor(fall.height / 44));
  const east = -new Date(frame.time.high).getTimezoneOffset();
  let lowest = Infinity;
  for (const { at } of instants(frame.time, n, east)) {
    const y = yAt(frame, at);
    // Older lies lower: where lines hold much time, labels would lie on each other.
    if (y === null || lowest - y < 16 || y < fall.y + 6 || y > fall.y + fall.height - 6) continue;
    context.fillRect(fall.x - 4, Math.round(y), 4, 1);
    context.fillText(timeOfDay(at), fall.x - 6, y);
    lowest = y;
  }
}

/** Where an instant lies in the waterfall; null outside. */
export function yAt(frame: Frame, at: number): number | null {
  const { fall } = frame.layout;
  const { age, sheet, time } = frame;
  const newest = sheet.timeAt(0);
  if (Number.isNaN(newest)) return null;
  const old = at >= newest ? 0 : sheet.ageAt(at);
  if (old === null || (time && (at < time.low || at > Math.max(time.high, newest)))) return null;
  const share = (old - age.low) / (age.high - age.low);
  return share < 0 || share > 1 ? null : fall.y + share * fall.height;
}

function owners(context: Context, scope: Scope, frame: Frame, colours: Palette): void {
  const box = frame.layout.owners;
  if (box.height === 0) return;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colours.raised;
  context.fillRect(box.x, box.y, box.width, box.height);
  for (const { low, high, row } of ownersOf(scope.plan, frame.hz)) {
    const [x0, x1] = [xOf(box, low, frame.hz), xOf(box, high, frame.hz)];
    const wide = x1 - x0;
    context.fillStyle = colours.line;
    context.fillRect(x0, box.y, 1, box.height);
    // The weight as a bar that grows from below, and as a number where there is room.
    context.fillStyle = colours.levels.high;
    context.fillRect(x0 + 1, box.y + box.height - 1 - row.weight * 4, Math.max(1, wide - 1), 1 + row.weight * 4);
    if (wide < 26) continue;
    context.save();
    context.beginPath();
    context.rect(x0, box.y, wide, box.height);
    context.clip();
    context.fillStyle = colours.text;
    const name = language.value === "zh" ? row.service_zh : row.service_en;
    context.fillText(`${name} ${row.weight.toFixed(2).replace(/0$/, "")}`, Math.max(x0, box.x) + 5, box.y + box.height / 2 - 2);
    context.restore();
  }
}

/** Where the oldest line in view ends. */
function oldestY({ age, layout: { fall }, sheet }: Frame): number {
  const n = Math.min(sheet.nPushed, sheet.height);
  return fall.y + fall.height * Math.min(1, Math.max(0, (n - age.low) / (age.high - age.low)));
}

export interface Place extends Box {
  readonly isOwn: boolean;
}

/** Where a mark is drawn: a box for each time that it was heard in view. */
export function placesOf(mark: Mark, frame: Frame, sensor: string): Place[] {
  const { fall } = frame.layout;
  if (!overlaps(mark.hz, frame.hz)) return [];
  const x0 = xOf(fall, mark.hz.low, frame.hz);
  const x1 = xOf(fall, mark.hz.high, frame.hz);
  const wide = Math.max(6, x1 - x0 + 4);
  return mark.heard.flatMap(({ time, sensor: by }) => {
    const [top, bottom] = [yAt(frame, time.high), yAt(frame, time.low)];
    if (top === null && bottom === null) return [];
    const [a, b] = [top ?? fall.y, bottom ?? oldestY(frame)];
    return [{ x: (x0 + x1) / 2 - wide / 2, y: a - 2, width: wide, height: Math.max(6, b - a + 4), isOwn: by === sensor }];
  });
}

function marks(context: Context, scope: Scope, frame: Frame, colours: Palette): void {
  const { fall, levels: above } = frame.layout;
  context.save();
  context.beginPath();
  context.rect(fall.x, above.y, fall.width, fall.y + fall.height);
  context.clip();
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const mark of scope.marks) {
    if (!overlaps(mark.hz, frame.hz)) continue;
    const colour = colours.levels[mark.alert.level];
    const isChosen = scope.chosen.value === mark.fingerprint;
    context.strokeStyle = colour;
    context.lineWidth = isChosen ? 2.5 : 1.5;
    const x = xOf(fall, (mark.hz.low + mark.hz.high) / 2, frame.hz);
    const places = placesOf(mark, frame, scope.sensor);
    for (const place of places) {
      // A rim in the page's colour: the waterfall is dark in both themes.
      context.setLineDash([]);
      context.strokeStyle = colours.panel;
      context.lineWidth += 2;
      context.strokeRect(place.x, place.y, place.width, place.height);
      context.lineWidth -= 2;
      context.strokeStyle = colour;
      context.setLineDash(place.isOwn ? [] : [3, 3]);
      context.strokeRect(place.x, place.y, place.width, place.height);
    }
    context.setLineDash([]);
    const named = scope.isSmall ? undefined : places.at(-1);
    if (named) label(context, LEVEL_MARKS[mark.alert.level], named.x + named.width + 3, named.y + 7, colour, colours);
    // A small triangle above the levels says where, whenever it was.
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x - 4, above.y);
    context.lineTo(x + 4, above.y);
    context.lineTo(x, above.y + 6);
    context.fill();
  }
  context.restore();
}

function label(context: Context, text: string, x: number, y: number, colour: string, colours: Palette): void {
  const wide = context.measureText(text).width + 6;
  context.fillStyle = colours.panel;
  context.fillRect(x, y - 7, wide, 14);
  context.fillStyle = colour;
  context.fillText(text, x + 3, y);
}

function spot(context: Context, frame: Frame, one: Spot, name: string, colours: Palette): void {
  const { levels: above, fall } = frame.layout;
  if (one.hz < frame.hz.low || one.hz > frame.hz.high) return;
  const x = Math.round(xOf(fall, one.hz, frame.hz)) + 0.5;
  context.strokeStyle = colours.bright;
  context.lineWidth = 1;
  context.setLineDash([2, 2]);
  context.beginPath();
  context.moveTo(x, above.y);
  context.lineTo(x, above.y + above.height);
  context.stroke();
  context.setLineDash([]);
  const y = one.at === null ? yOf(above, one.db, frame.scale.bottomDb, frame.scale.rangeDb) : yAt(frame, one.at);
  context.textAlign = "left";
  context.textBaseline = "middle";
  if (y !== null && !Number.isNaN(y)) context.strokeRect(x - 3, y - 3, 6, 6);
  label(context, name, x + 4, above.y + 12, colours.bright, colours);
}

function cursor(context: Context, one: Spot, frame: Frame, colours: Palette): void {
  const { axis: below, levels: above, fall } = frame.layout;
  const x = Math.round(xOf(fall, one.hz, frame.hz)) + 0.5;
  context.lineWidth = 1;
  context.globalAlpha = 0.7;
  context.strokeStyle = colours.text;
  context.beginPath();
  context.moveTo(x, above.y);
  context.lineTo(x, below.y + below.height);
  context.stroke();
  context.strokeStyle = OVER_FALL;
  context.beginPath();
  context.moveTo(x, fall.y);
  context.lineTo(x, fall.y + fall.height);
  const y = one.at === null ? null : yAt(frame, one.at);
  if (y !== null) {
    context.moveTo(fall.x, Math.round(y) + 0.5);
    context.lineTo(fall.x + fall.width, Math.round(y) + 0.5);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** The whole overlay. `line` is room for one pixel a column, kept by the caller. */
export function drawOver(context: Context, scope: Scope, frame: Frame, colours: Palette, line: Uint8Array): void {
  context.font = colours.font;
  axis(context, frame, colours, scope.isSmall);
  owners(context, scope, frame, colours);
  levels(context, scope, frame, colours, line);
  marks(context, scope, frame, colours);
  for (const [one, name] of [[scope.a.value, "A"] as const, [scope.b.value, "B"] as const]) {
    if (one) spot(context, frame, one, name, colours);
  }
  if (scope.cursor.value) cursor(context, scope.cursor.value, frame, colours);
}

