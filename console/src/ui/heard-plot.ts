/** The plot of hearings, apart from the first bundle: most alerts are heard once. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const HEIGHT_PX = 112;

export function drawHeard(box: HTMLElement, points: readonly { at: number; snr: number }[], axis: string): () => void {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const line = { stroke: colour("--line"), width: 1 };
  const text = { stroke: colour("--dim"), font, grid: line, ticks: line };
  const strongest = Math.max(...points.map((p) => p.snr));
  const span = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  const plot = new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 20, 0, 0],
      scales: {
        x: { time: true, range: (_u, low, high) => [low - span * 0.04 - 5, high + span * 0.04 + 5] },
        y: { range: [0, Math.ceil((strongest + 3) / 10) * 10] },
      },
      axes: [
        { ...text, size: 28, values: "{HH}:{mm}", space: 70 },
        { ...text, size: 38, label: axis, labelSize: 14, labelFont: font, space: 24 },
      ],
      series: [
        {},
        {
          stroke: colour("--radio"),
          fill: colour("--radio"),
          width: 1,
          ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: [0.6, 3] }) }),
          points: { show: true, size: 6, fill: colour("--radio") },
        },
      ],
    },
    [points.map((p) => p.at), points.map((p) => p.snr)],
    box,
  );
  const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT_PX }));
  watch.observe(box);
  return () => {
    watch.disconnect();
    plot.destroy();
  };
}
