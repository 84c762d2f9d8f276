// A button that confirms what was previewed is off as soon as a field of its form says something else. A quote that
// follows the form by itself turns its button on again; whoever asks for a preview gets a new page.
// Without JavaScript the server notices, and shows a new preview instead of confirming.
const numChanges = new WeakMap() // by form
const quoted = new WeakMap() // by what asks for quotes: the number of changes that it asked with

const buttonsOf = (form) => [...form.elements].filter((part) => "confirms" in part.dataset)

document.addEventListener("input", ({ target: { form } }) => {
  if (!form) return
  numChanges.set(form, (numChanges.get(form) ?? 0) + 1)
  for (const button of buttonsOf(form)) {
    button.disabled = true
    button.title = button.dataset.confirms || "The form changed since the preview. Preview again first."
  }
})

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  quoted.set(target, numChanges.get(target.closest("form")))
})

document.addEventListener("htmx:afterRequest", ({ target }) => {
  const form = target.closest("form")
  if (!form || quoted.get(target) !== numChanges.get(form)) return
  for (const button of buttonsOf(form)) {
    if (!button.dataset.confirms) continue
    button.disabled = false
    button.title = ""
  }
})
