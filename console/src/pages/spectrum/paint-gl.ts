/** The picture in WebGL2: codes lie in a ring of a texture, new lines alone are sent, colours are looked up. */
import { TABLE } from "./colours";
import type { Painter, Shown } from "./paint";
import { codeOf, STEP_DB } from "./levels";
import type { Sheet } from "./sheet";

const VERTEX = `#version 300 es
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

/** Of several bins under a pixel the strongest counts: a burst must not drown in noise. */
const FRAGMENT = `#version 300 es
precision highp float;
uniform highp sampler2D codes;
uniform highp sampler2D table;
uniform vec2 bins;
uniform vec2 ages;
uniform float pixel;
uniform float head;
uniform float lines;
uniform vec2 scale;
uniform vec3 unheard;
in vec2 at;
out vec4 colour;
void main() {
  ivec2 size = textureSize(codes, 0);
  float age = mix(ages.x, ages.y, at.y);
  float from = mix(bins.x, bins.y, at.x - 0.5 * pixel);
  float to = mix(bins.x, bins.y, at.x + 0.5 * pixel);
  colour = vec4(unheard, 1.0);
  if (age < 0.0 || age >= lines || to <= 0.0 || from >= float(size.x)) return;
  int row = int(mod(head - floor(age) + float(size.y), float(size.y)));
  int first = int(floor(max(from, 0.0)));
  int last = max(first, min(size.x, int(ceil(to - 1e-4))) - 1);
  float top = 0.0;
  for (int i = first; i <= last; i++) top = max(top, texelFetch(codes, ivec2(i, row), 0).r);
  if (top == 0.0) return;
  float share = clamp((top * 255.0 - scale.x) * scale.y, 0.0, 1.0);
  colour = texelFetch(table, ivec2(int(share * 255.0 + 0.5), 0), 0);
}`;

function compiled(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX] as const, [gl.FRAGMENT_SHADER, FRAGMENT] as const]) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

function texture(gl: WebGL2RenderingContext, unit: number): WebGLTexture {
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return made;
}

/** Whether the processor itself draws: a plain picture is then cheaper. */
function isSlow(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  return typeof name === "string" && /swiftshader|llvmpipe|software/i.test(name);
}

let slowness: boolean | null = null;

function isProcessorDrawing(): boolean {
  if (slowness === null) {
    const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
    slowness = gl === null || isSlow(gl);
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return slowness;
}

/** All that lives on the graphics card, and is gone with the context. */
interface Card {
  readonly places: Readonly<Record<"bins" | "ages" | "pixel" | "head" | "lines" | "scale" | "unheard", WebGLUniformLocation | null>>;
  codes: WebGLTexture | null;
  /** What lies in `codes`, and how many of its lines. */
  sent: Sheet | null;
  nSent: number;
}

function laidOn(gl: WebGL2RenderingContext): Card | null {
  const program = compiled(gl);
  if (!program) return null;
  gl.useProgram(program);
  const place = (name: string) => gl.getUniformLocation(program, name);
  const places = {
    bins: place("bins"),
    ages: place("ages"),
    pixel: place("pixel"),
    head: place("head"),
    lines: place("lines"),
    scale: place("scale"),
    unheard: place("unheard"),
  };
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  texture(gl, 1);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, TABLE);
  gl.uniform1i(place("codes"), 0);
  gl.uniform1i(place("table"), 1);
  return { places, codes: null, sent: null, nSent: 0 };
}

function send(gl: WebGL2RenderingContext, card: Card, sheet: Sheet): void {
  const { width, height } = sheet;
  if (card.sent !== sheet) {
    if (card.codes) gl.deleteTexture(card.codes);
    card.codes = texture(gl, 0);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, width, height, 0, gl.RED, gl.UNSIGNED_BYTE, sheet.codes);
  } else {
    gl.activeTexture(gl.TEXTURE0);
    const nNew = Math.min(height, sheet.nPushed - card.nSent);
    for (let age = nNew - 1; age >= 0; age--) {
      const y = sheet.place(age);
      const line = sheet.codes.subarray(y * width, (y + 1) * width);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, y, width, 1, gl.RED, gl.UNSIGNED_BYTE, line);
    }
  }
  [card.sent, card.nSent] = [sheet, sheet.nPushed];
}

/**
 * Null where there is no WebGL2, or only one that is drawn by the processor (unless `evenSlow`).
 *
 * A driver that is reset takes all away: when it is back all is laid on it anew, and `redraw` is called, as a
 * picture of the past would wait for ever for something new.
 */
export function paintGl(canvas: HTMLCanvasElement, evenSlow: boolean, redraw: () => void): Painter | null {
  // A canvas that once had one kind of context has no other: a canvas of its own is asked first.
  if (!evenSlow && isProcessorDrawing()) return null;
  const gl = canvas.getContext("webgl2", {
    alpha: false,
    antialias: false,
    depth: false,
  });
  let card = gl && laidOn(gl);
  if (!gl || !card) return null;
  const lost = (event: Event) => {
    // Else the browser never gives it back.
    event.preventDefault();
    card = null;
  };
  const back = () => {
    card = laidOn(gl);
    redraw();
  };
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", back);

  return {
    kind: "webgl2",
    draw(sheet: Sheet, { hz, age, scale, unheard }: Shown) {
      if (!card || gl.isContextLost()) return;
      send(gl, card, sheet);
      const { places } = card;
      gl.viewport(0, 0, canvas.width, canvas.height);
      const bin = (value: number) => (value - sheet.hz.low) / sheet.binHz;
      gl.uniform2f(places.bins, bin(hz.low), bin(hz.high));
      gl.uniform2f(places.ages, age.low, age.high);
      gl.uniform1f(places.pixel, 1 / canvas.width);
      gl.uniform1f(places.head, sheet.head);
      gl.uniform1f(places.lines, Math.min(sheet.nPushed, sheet.height));
      gl.uniform2f(places.scale, codeOf(scale.bottomDb), STEP_DB / scale.rangeDb);
      gl.uniform3f(places.unheard, unheard[0] / 255, unheard[1] / 255, unheard[2] / 255);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    },
    close() {
      canvas.removeEventListener("webglcontextlost", lost);
      canvas.removeEventListener("webglcontextrestored", back);
      // A page has room for sixteen contexts: one that is done with is given back at once.
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}
