// A chart's marks say what they are under the pointer and at the keyboard; arrow keys go from mark to mark; dragging
// over the plot asks for that range of dollars. Without JavaScript the form above the chart asks for the same, and
// browsers show the title of each mark.
const LEAST_PIXELS = 8
const MILLISECONDS_TO_LEAVE = 200

const marksOf = (chart) =>
  [...chart.querySelectorAll("svg a")]
    .filter((mark) => mark.getClientRects().length)
    .sort((one, other) => one.getBoundingClientRect().left - other.getBoundingClientRect().left)

const markAt = (target) => target instanceof Element && target.closest(".chart svg a")

// What a mark says is its name; as a title it would be shown a second time.
const prepare = (chart) => {
  for (const title of chart.querySelectorAll("svg a > title")) {
    title.parentElement.setAttribute("aria-label", title.textContent)
    title.remove()
  }
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

document.addEventListener("focusin", ({ target }) => (markAt(target) ? say(markAt(target)) : hide()))

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

const plotOf = (chart) =>
  [...chart.querySelectorAll("svg .mark-group.role-frame.root path.background")]
    .map((plot) => plot.getBoundingClientRect())
    .find(({ width }) => width)

const inside = (plot, x) => Math.max(plot.left, Math.min(plot.right, x))

const dollarsAt = ({ chart, plot }, x) => {
  const [low, high] = [Number(chart.dataset.low), Number(chart.dataset.high)]
  const share = (x - plot.left) / plot.width
  const dollars = "log" in chart.dataset ? low * (high / low) ** share : low + (high - low) * share
  return Number(dollars.toPrecision(4))
}

document.addEventListener("pointerdown", (event) => {
  const chart = event.target instanceof Element && event.target.closest(".chart[data-low]")
  const plot = chart && plotOf(chart)
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
  const [low, high] = [done.from, done.to].sort((one, other) => one - other).map((x) => dollarsAt(done, x))
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
