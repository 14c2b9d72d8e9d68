// The data of an animation in space, for pages of `--3d`: boxes, balls and lines at the places of the flat
// picture, texts on their fronts; numbers in a row or table are as high as they are large. The player
// (player.js) moves the shapes; this draws whatever it shows. Bundled with Three.js by scripts/bundle_three.py.
import {
  AmbientLight, BoxGeometry, CanvasTexture, Color, CylinderGeometry, DirectionalLight, Group, Mesh, MeshBasicMaterial,
  MeshLambertMaterial, PerspectiveCamera, PlaneGeometry, Quaternion, Scene, SphereGeometry, SRGBColorSpace, Vector3,
  WebGLRenderer, ConeGeometry,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const THIN = 6, LOW = 16, TALL = 64, SHARP = 3;
const host = document.querySelector('svg[data-region="main"]');
const player = window.vidkitPlayer;
const F = player.fields;

function start() {
  const box = host.viewBox.baseVal;
  const canvas = document.createElement("canvas");
  canvas.id = "space";
  canvas.style.cssText = `position:absolute;touch-action:none;${host.getAttribute("style")}`;
  let renderer;
  try {
    renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
  } catch (error) {
    document.documentElement.dataset.space = "none";
    return; // the flat picture stays
  }
  host.after(canvas);
  host.style.visibility = "hidden";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "the data in space; drag to turn, scroll to zoom, double click to go back");

  const scene = new Scene(), camera = new PerspectiveCamera(35, box.width / box.height, 10, 8000);
  const middle = new Vector3(box.x + box.width / 2, -(box.y + box.height / 2), 0);
  const away = (box.height / 2 / Math.tan((35 * Math.PI) / 360)) * 1.12;
  const home = new Vector3(middle.x + away * 0.26, middle.y - away * 0.22, away * 0.94);
  camera.position.copy(home);
  scene.add(new AmbientLight(0xffffff, 2.1));
  const sun = new DirectionalLight(0xffffff, 1.6);
  sun.position.set(-0.5, 0.9, 1.4);
  scene.add(sun);
  const controls = new OrbitControls(camera, canvas);
  controls.target.copy(middle);
  controls.minDistance = away * 0.2;
  controls.maxDistance = away * 3;
  controls.update();
  controls.addEventListener("change", draw);
  canvas.addEventListener("dblclick", () => { camera.position.copy(home); controls.target.copy(middle); controls.update(); draw(); });

  // numbers of a view are drawn as high as they are large
  const ranges = new Map();
  for (const shape of player.data.shapes) {
    const id = player.data.ids[shape[0]], value = number(shape[F.text]);
    if (!id.startsWith("value:") || value === null) continue;
    const view = id.split(":").slice(1, -1).join(":"), range = ranges.get(view) || [Infinity, -Infinity];
    ranges.set(view, [Math.min(range[0], value), Math.max(range[1], value)]);
  }
  const parts = new Map(), boxes = new BoxGeometry(1, 1, 1), balls = new SphereGeometry(0.5, 32, 20);
  const rods = new CylinderGeometry(1, 1, 1, 10), tips = new ConeGeometry(1, 1, 14), sheets = new PlaneGeometry(1, 1);
  const UP = new Vector3(0, 1, 0);

  function number(text) {
    return typeof text === "string" && /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
  }
  function depthOf(id, shown) {
    if (!/^(cell|item|bucket|entry|slot):/.test(id)) return THIN / 2;
    const view = id.split(":").slice(1, -1).join(":"), range = ranges.get(view);
    const text = shown.get(id.replace(/^\w+:/, "value:")), value = text ? number(text[F.text]) : null;
    if (!range || value === null || range[1] === range[0]) return LOW;
    return LOW + (TALL * (value - range[0])) / (range[1] - range[0]);
  }
  function material(kind, colour, opacity) {
    return new kind({ color: new Color(colour), transparent: opacity < 1, opacity });
  }
  function holderOf(id) { return id.startsWith("value:") ? id.replace("value:", "cell:") : front(id); }
  // what stands free, or on a ball, is never hidden by a box
  function stands(id, shown) {
    const holder = holderOf(id), shape = holder !== id && shown.get(holder);
    return !shape || shape[3] === 1;
  }
  // how high a text lies: on its box; headers and indices are level with the box beside them
  function level(id, shown) {
    const box = stands(id, shown) ? headed(id, shown) : holderOf(id);
    return box ? depthOf(box, shown) : 0;
  }
  function headed(id, shown) {
    const [, kind, view, place] = id.match(/^(row|col|index):(.*):(\d+)$/) || [];
    const cells = { row: [`${place},0`], col: [`0,${place}`, `${place},0`], index: [place] }[kind] || [];
    return cells.map((cell) => `cell:${view}:${cell}`).find((cell) => shown.has(cell));
  }
  function front(id) { return id.replace(/:text$|:badge$|:note$/, ""); }

  function update() {
    const shown = new Map(), opacities = new Map();
    for (const [shape, opacity] of player.shown()) {
      if (player.data.regions[shape[1]] !== "main") continue;
      const id = player.data.ids[shape[0]];
      if (id.startsWith("panel:")) continue;
      shown.set(id, shape);
      opacities.set(id, opacity);
    }
    for (const [id, part] of parts) if (!shown.has(id)) { scene.remove(part.group); free(part); parts.delete(id); }
    for (const [id, shape] of shown) {
      const opacity = opacities.get(id), depth = shape[3] === 0 ? depthOf(id, shown) : level(id, shown);
      const key = JSON.stringify([shape, opacity, depth]);
      let part = parts.get(id);
      if (part && part.key === key) continue;
      if (part) { scene.remove(part.group); free(part); }
      part = { key, group: made(id, shape, opacity, depth, shown), depth };
      parts.set(id, part);
      scene.add(part.group);
    }
    draw();
  }
  function free(part) {
    part.group.traverse((one) => {
      if (one.material) { if (one.material.map) one.material.map.dispose(); one.material.dispose(); }
    });
  }
  function made(id, shape, opacity, depth, shown) {
    const group = new Group(), x = shape[F.x], y = shape[F.y], w = shape[F.w], h = shape[F.h];
    const fill = shape[F.fill], stroke = shape[F.stroke];
    if (shape[3] === 0 || shape[3] === 1) {
      const deep = shape[3] === 1 ? Math.min(w, h) : depth;
      const mesh = new Mesh(shape[3] === 1 ? balls : boxes, material(MeshLambertMaterial, fill || stroke || "#888888", fill ? opacity : 0.25 * opacity));
      mesh.scale.set(w, h, deep);
      mesh.position.set(x + w / 2, -(y + h / 2), shape[3] === 1 ? 0 : deep / 2);
      group.add(mesh);
      if (stroke && shape[3] === 0) {
        const wide = Math.max(1, shape[F.width] || 1), colour = material(MeshBasicMaterial, stroke, opacity);
        for (const [sx, sy, px, py] of [[w + wide, wide, 0, h / 2], [w + wide, wide, 0, -h / 2], [wide, h, w / 2, 0], [wide, h, -w / 2, 0]]) {
          const rim = new Mesh(boxes, colour);
          rim.scale.set(sx, sy, 1);
          rim.position.set(x + w / 2 + px, -(y + h / 2) + py, deep + 0.3);
          group.add(rim);
        }
      }
    } else if (shape[3] === 2) {
      line(group, shape, opacity);
    } else if (shape[F.text]) {
      const free = stands(id, shown);
      const mesh = new Mesh(sheets, new MeshBasicMaterial({ map: texture(shape), transparent: true, opacity, depthWrite: false, depthTest: !free }));
      mesh.scale.set(w + 4, h + 4, 1);
      mesh.position.set(x + w / 2, -(y + h / 2), depth + 1.5);
      mesh.renderOrder = free ? 3 : 2;
      group.add(mesh);
    }
    return group;
  }
  function line(group, shape, opacity) {
    const points = shape[F.points].map(([px, py]) => new Vector3(px, -py, 0)), colour = material(MeshBasicMaterial, shape[F.stroke], opacity);
    const way = points.length === 3 ? Array.from({ length: 17 }, (_, i) => curve(points, i / 16)) : points;
    const thick = Math.max(1, (shape[F.width] || 1) * 0.6);
    for (let i = 1; i < way.length; i++) rod(group, way[i - 1], way[i], thick, colour, rods);
    if (shape[F.head]) {
      const end = way[way.length - 1], before = way[way.length - 2], along = end.clone().sub(before).normalize();
      rod(group, end.clone().addScaledVector(along, -11), end, 4.5, colour, tips);
    }
  }
  function curve([a, c, b], s) {
    return a.clone().multiplyScalar((1 - s) ** 2).addScaledVector(c, 2 * s * (1 - s)).addScaledVector(b, s * s);
  }
  function rod(group, from, to, thick, colour, form) {
    const length = from.distanceTo(to);
    if (length < 0.01) return;
    const mesh = new Mesh(form, colour);
    mesh.scale.set(thick, length, thick);
    mesh.position.copy(from).add(to).multiplyScalar(0.5);
    mesh.quaternion.copy(new Quaternion().setFromUnitVectors(UP, to.clone().sub(from).normalize()));
    group.add(mesh);
  }
  function texture(shape) {
    const sheet = document.createElement("canvas"), pen = sheet.getContext("2d"), size = shape[F.size] * SHARP;
    sheet.width = Math.max(1, Math.ceil((shape[F.w] + 4) * SHARP));
    sheet.height = Math.max(1, Math.ceil((shape[F.h] + 4) * SHARP));
    const font = shape[F.font] || 0;
    pen.font = `${font % 2 ? "bold " : ""}${size}px ${font > 1 ? '"DejaVu Sans Mono",monospace' : '"DejaVu Sans",sans-serif'}`;
    pen.fillStyle = shape[F.fill];
    pen.fillText(shape[F.text], 2 * SHARP, 2 * SHARP + player.data.ascent * size, shape[F.w] * SHARP);
    const map = new CanvasTexture(sheet);
    map.colorSpace = SRGBColorSpace;
    map.anisotropy = 4;
    return map;
  }

  let asked = false;
  function draw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; renderer.render(scene, camera); });
  }
  function size() {
    const wide = canvas.clientWidth, high = canvas.clientHeight;
    renderer.setPixelRatio(Math.min(2, window.devicePixelRatio || 1));
    renderer.setSize(wide, high, false);
    camera.aspect = wide / Math.max(1, high);
    camera.updateProjectionMatrix();
    draw();
  }
  new ResizeObserver(size).observe(canvas);
  player.listen(update);
  document.fonts.ready.then(() => { for (const part of parts.values()) part.key = ""; update(); });
  size();
  update();
  window.vidkitSpace = { parts: () => parts.size, turn: (x, y, z) => { camera.position.set(x, y, z); controls.update(); draw(); } };
  document.documentElement.dataset.space = "1";
}

if (host && player) start();
