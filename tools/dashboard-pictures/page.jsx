// Lays a dashboard's panels out on Grafana's grid, with what Prometheus answers. `draw` is called by take.py.
import { createTheme } from '@grafana/data';
import { GlobalStyles, PanelChrome, ThemeContext } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { ask } from './data';
import { Drawn } from './panels';

const [ROW, GAP, MARGIN] = [30, 8, 16];
const theme = createTheme({ colors: { mode: 'dark' } });

window.draw = async (board, scene) => {
  const panels = board.panels.filter((panel) => panel.type !== 'row');
  const answered = await Promise.all(panels.map((panel) => ask(panel, scene, theme)));
  const frames = new Map(panels.map((panel, index) => [panel, answered[index]]));
  const place = placed(scene.width);
  const height = Math.max(...board.panels.map((panel) => place(panel).top + place(panel).height));
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ position: 'relative', height: height + MARGIN, background: theme.colors.background.canvas }}>
        <h3 style={{ position: 'absolute', left: MARGIN, top: 12 }}>{board.title}</h3>
        {board.panels.map((panel) => (
          <div key={panel.id} style={{ position: 'absolute', ...place(panel) }}>
            {panel.type === 'row' ? <h5 style={{ paddingTop: 8 }}>{panel.title}</h5> : <Framed {...{ panel, scene, frames }} />}
          </div>
        ))}
      </div>
    </ThemeContext.Provider>
  );

  function Framed({ panel }) {
    const { width, height } = place(panel);
    return (
      <PanelChrome {...{ width, height }} title={panel.title} padding="md">
        {(innerWidth, innerHeight) => (
          <Drawn panel={panel} frames={frames.get(panel)} width={innerWidth} height={innerHeight} {...{ scene, theme }} />
        )}
      </PanelChrome>
    );
  }
};

const placed = (whole) => ({ gridPos: { x, y, w, h } }) => {
  const column = (whole - 2 * MARGIN + GAP) / 24;
  return { left: MARGIN + x * column, top: 44 + y * (ROW + GAP), width: w * column - GAP, height: h * (ROW + GAP) - GAP };
};
