// Points on a plane that the reader adds, moves and removes, by pointer and by keyboard. A subclass
// has `plane` (the canvas), `points` and `choices`, and says what a change means: `changed(words)`
// when the points are others than before, `refresh()` when something is to be shown anew, and
// `atCursor()`, a sentence.

import { LiveElement, format, make } from "../core.mjs";
import { SHAPES, frame } from "./plane.mjs";

const [CLOSE_BY, STEP, LONG_STEP] = [0.12, 0.1, 0.5];

export class PointsElement extends LiveElement {
  planeCanvas() {
    const plane = make("canvas", {
      class: "plane",
      tabindex: 0,
      role: "application",
      "aria-label": "Plane of points",
      "aria-describedby": "help",
      onkeydown: (event) => this.key(event),
      onfocus: () => this.redraw(),
      onblur: () => this.redraw(),
      onpointerdown: (event) => this.press(event),
      onpointermove: (event) => this.move(event),
      onpointerup: (event) => this.release(event),
      onpointercancel: (event) => this.isPressing(event) && (this.pressed = null),
    });
    // A finger on a point moves the point; elsewhere it scrolls the page.
    const hold = (event) => this.hit(event.touches[0], 22) >= 0 && event.cancelable && event.preventDefault();
    plane.addEventListener("touchstart", hold, { passive: false });
    return plane;
  }

  choose(k) {
    this.chosen = k;
    this.choices[k].checked = true;
  }

  nearest([x1, x2], reach) {
    const distances = this.points.map(([a, b]) => Math.hypot(a - x1, b - x2));
    const least = Math.min(...distances);
    return least <= reach ? distances.indexOf(least) : -1;
  }

  addPoint([x1, x2]) {
    if (this.points.length >= this.limits.points) return this.announce(`There is room for ${this.limits.points} points only.`);
    this.points.push([...this.clamp([x1, x2]), this.chosen]);
    this.select(this.points.length - 1);
    this.changed(`Added a ${this.nameOf(this.chosen)} at ${this.place()}.`);
  }

  removeChosen() {
    if (this.selected < 0) return this.announce("Choose a point first: click it, or move the cursor to it.");
    const [[, , k]] = this.points.splice(this.selected, 1);
    this.select(-1);
    this.changed(`Removed the ${this.nameOf(k)} at ${this.place()}.`);
  }

  select(n, held = false) {
    this.selected = n;
    this.held = held;
    if (n >= 0) this.cursor = this.points[n].slice(0, 2);
  }

  // The nearest place on the plane, in hundredths.
  clamp(place) {
    const { reach } = this.limits;
    return place.map((x) => Number(Math.min(reach, Math.max(-reach, x)).toFixed(2)));
  }

  moveSelected(place) {
    this.cursor = this.clamp(place);
    this.points[this.selected].splice(0, 2, ...this.cursor);
  }

  place() {
    return this.cursor.map((x) => format(x)).join(", ");
  }

  // The pointer. ----------------------------------------------------------------------------------

  where(event) {
    const box = this.plane.getBoundingClientRect();
    const at = frame(this.plane, this.limits.reach);
    return [at.fromX(event.clientX - box.left), at.fromY(event.clientY - box.top)];
  }

  hit(event, pixels) {
    return this.nearest(this.where(event), (pixels * 2 * this.limits.reach) / frame(this.plane, this.limits.reach).width);
  }

  press(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    const hit = this.hit(event, event.pointerType === "touch" ? 22 : 13);
    const place = this.where(event);
    this.pressed = { id: event.pointerId, x: event.clientX, y: event.clientY, place, hit, moved: false };
    // Or a pointer that is let go outside would count as pressed.
    this.plane.setPointerCapture(event.pointerId);
    if (hit < 0) return;
    this.select(hit);
    this.pressed.offset = [0, 1].map((d) => this.points[hit][d] - place[d]);
    this.refresh();
  }

  // A second finger neither moves a point nor lets it go.
  isPressing(event) {
    return this.pressed?.id === event.pointerId;
  }

  move(event) {
    if (!this.pressed) {
      this.plane.style.cursor = this.hit(event, 13) < 0 ? "crosshair" : "grab";
      return;
    }
    if (!this.isPressing(event)) return;
    const { x, y, hit, offset } = this.pressed;
    if (Math.hypot(event.clientX - x, event.clientY - y) > 5) this.pressed.moved = true;
    if (hit < 0 || this.selected !== hit || !this.pressed.moved) return;
    const place = this.where(event);
    this.moveSelected([0, 1].map((d) => place[d] + offset[d]));
    this.converged = false;
    this.refresh();
  }

  release(event) {
    if (!this.isPressing(event)) return;
    const pressed = this.pressed;
    this.pressed = null;
    if (pressed.hit >= 0) return this.changed(pressed.moved ? `Moved to ${this.place()}.` : this.atCursor());
    if (!pressed.moved && pressed.place.every((x) => Math.abs(x) <= this.limits.reach)) this.addPoint(pressed.place);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.pressed = null;
  }

  // The keyboard. ---------------------------------------------------------------------------------

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = event.shiftKey ? LONG_STEP : STEP;
    const [left, right, up, down] = [[-step, 0], [step, 0], [0, step], [0, -step]];
    const arrows = { ArrowLeft: left, ArrowRight: right, ArrowUp: up, ArrowDown: down };
    const actions = {
      Enter: () => this.addPoint(this.cursor),
      Delete: () => this.removeChosen(),
      Backspace: () => this.removeChosen(),
      " ": () => this.togglePickUp(),
      Escape: () => this.held && this.togglePickUp(),
      n: () => this.next(1),
      N: () => this.next(-1),
    };
    SHAPES.forEach((_, k) => {
      actions[k + 1] = () => {
        this.choose(k);
        this.announce(`New points are ${this.nameOf(k)}s.`);
      };
    });
    const action = arrows[event.key] ? () => this.arrow(arrows[event.key]) : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  arrow([dx, dy]) {
    const place = [this.cursor[0] + dx, this.cursor[1] + dy];
    if (this.held) {
      this.moveSelected(place);
      return this.changed(`Moved to ${this.place()}.`);
    }
    this.cursor = this.clamp(place);
    this.selected = this.nearest(this.cursor, CLOSE_BY);
    this.refresh();
    this.announce(this.atCursor());
  }

  togglePickUp() {
    if (this.selected < 0) return this.announce("There is no point at the cursor.");
    this.select(this.selected, !this.held);
    this.refresh();
    this.announce(this.held ? "Picked up. Arrow keys move the point, Space puts it down." : `Put down at ${this.place()}.`);
  }

  next(by) {
    const n = this.points.length;
    if (!n) return this.announce("There are no points.");
    this.select(this.selected < 0 && by < 0 ? n - 1 : (this.selected + by + n) % n);
    this.refresh();
    this.announce(this.atCursor());
  }
}
