// A chart's marks say what they are under the pointer and at the keyboard; Tab reaches the chart, and arrow keys go from
// mark to mark; dragging over a plot asks for that range of its axis. Without JavaScript the form above the chart asks for the same, and
// browsers show the title of each mark.
const LEAST_PIXELS = 8
const LEAST_PLOT = 40
const MILLISECONDS_TO_LEAVE = 200

const MARK = "svg .spoken"

const marksOf = (chart) =>
  [...chart.querySelectorAll(MARK)]
    .filter((mark) => mark.getClientRects().length)
    .sort((one, other) => one.getBoundingClientRect().left - other.getBoundingClientRect().left)

const markAt = (target) => target instanceof Element && target.closest(`.chart ${MARK}`)

// What a mark says is its name; as a title it would be shown a second time.
const prepare = (part) => {
  for (const title of part.querySelectorAll(`${MARK} > title`)) {
    title.parentElement.setAttribute("aria-label", title.textContent)
    title.remove()
  }
  for (const svg of part.querySelectorAll(".chart svg")) reach(svg, svg.querySelector(".spoken"))
}

// Of hundreds of marks Tab stops at one: the first, or the last that had the focus.
const reach = (svg, mark) => {
  for (const one of svg.querySelectorAll(".spoken")) one.setAttribute("tabindex", one === mark ? "0" : "-1")
}

const tip = document.createElement("div")
tip.className = "chart-tip"
// Its words are the name of the mark already.
tip.setAttribute("aria-hidden", "true")
tip.hidden = true
let leaving

const hide = () => {
  tip.hidden = true
}

const say = (mark) => {
  clearTimeout(leaving)
  const chart = mark.closest(".chart")
  const around = chart.getBoundingClientRect()
  const at = mark.getBoundingClientRect()
  tip.textContent = mark.getAttribute("aria-label") ?? ""
  chart.append(tip)
  tip.hidden = false
  const most = around.width - tip.offsetWidth - 4
  tip.style.left = `${Math.max(4, Math.min(most, (at.left + at.right) / 2 - around.left - tip.offsetWidth / 2))}px`
  const above = at.top - around.top - tip.offsetHeight - 8
  tip.style.top = `${above > 4 ? above : at.bottom - around.top + 8}px`
}

document.addEventListener("pointerover", ({ target }) => {
  const mark = markAt(target)
  if (mark) say(mark)
  else if (target === tip) clearTimeout(leaving)
})

// The text may be pointed at too, to be read enlarged.
document.addEventListener("pointerout", ({ target }) => {
  if (markAt(target) || target === tip) leaving = setTimeout(hide, MILLISECONDS_TO_LEAVE)
})

document.addEventListener("focusin", ({ target }) => {
  const mark = markAt(target)
  if (!mark) return hide()
  reach(mark.closest("svg"), mark)
  say(mark)
})

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide()
  const mark = markAt(document.activeElement)
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  if (!mark || !step) return
  const marks = marksOf(mark.closest(".chart"))
  event.preventDefault()
  marks[(marks.indexOf(mark) + step + marks.length) % marks.length].focus()
})

// Dragging

let drag = null // where it began: the chart, the rectangle of its plot, and the pixels from the left
const box = document.createElement("div")
box.className = "chart-drag"

// Of a chart of several plots the one under the pointer; a chart of one is its frame.
const plotAt = (chart, x, y) => {
  const plots = (kind) =>
    [...chart.querySelectorAll(`.mark-group.${kind} > g > path.background`)]
      .map((plot) => plot.getBoundingClientRect())
      .filter(({ width, height }) => width > LEAST_PLOT && height > LEAST_PLOT)
  const several = plots("role-scope")
  return (several.length ? several : plots("role-frame.root")).find(
    ({ left, right, top, bottom }) => left <= x && x <= right && top <= y && y <= bottom,
  )
}

const inside = (plot, x) => Math.max(plot.left, Math.min(plot.right, x))

const valueAt = ({ chart, plot }, x) => {
  const [low, high] = [Number(chart.dataset.low), Number(chart.dataset.high)]
  const share = (x - plot.left) / plot.width
  return "log" in chart.dataset ? low * (high / low) ** share : low + (high - low) * share
}

// Whole months: those whose middle is in the range, or else the one that it lies in.
const monthsOf = ([low, high]) => {
  const [first, last] = [Math.ceil(low), Math.floor(high)]
  const months = first <= last ? [first, last] : Array(2).fill(Math.round((low + high) / 2))
  return months.map((month) => {
    const year = String(Math.floor(month / 12)).padStart(4, "0")
    return `${year}-${String((month % 12) + 1).padStart(2, "0")}`
  })
}

document.addEventListener("pointerdown", (event) => {
  const chart = event.target instanceof Element && event.target.closest(".chart[data-low]")
  const plot = chart && plotAt(chart, event.clientX, event.clientY)
  // A finger scrolls the page.
  if (!plot || event.button || event.pointerType === "touch") return
  drag = { chart, plot, from: inside(plot, event.clientX) }
})

document.addEventListener("pointermove", ({ clientX }) => {
  if (!drag) return
  const { chart, plot, from } = drag
  const x = inside(plot, clientX)
  const around = chart.getBoundingClientRect()
  drag.to = Math.abs(x - from) < LEAST_PIXELS ? undefined : x
  box.style.left = `${Math.min(x, from) - around.left}px`
  box.style.width = `${Math.abs(x - from)}px`
  box.style.top = `${plot.top - around.top}px`
  box.style.height = `${plot.height}px`
  if (drag.to !== undefined) chart.append(box)
  else box.remove()
})

document.addEventListener("pointerup", () => {
  const done = drag
  drag = null
  box.remove()
  if (done?.to === undefined) return
  const form = document.getElementById("chart-form")
  const range = [done.from, done.to].sort((one, other) => one - other).map((x) => valueAt(done, x))
  const isInMonths = "months" in done.chart.dataset
  const [low, high] = isInMonths ? monthsOf(range) : range.map((value) => Number(value.toPrecision(4)))
  form.elements.from.value = low
  form.elements.to.value = high
  form.requestSubmit()
})

document.addEventListener("pointercancel", () => {
  drag = null
  box.remove()
})

// Neither the picture nor a link is dragged away, nor is text selected while a range is.
document.addEventListener("dragstart", (event) => {
  if (drag) event.preventDefault()
})
document.addEventListener("selectstart", (event) => {
  if (drag) event.preventDefault()
})

document.addEventListener("htmx:load", ({ target }) => prepare(target))
