// A button that confirms what was previewed is off as soon as a field of its form says something else.
// Without JavaScript the server notices, and shows a new preview instead of confirming.
document.addEventListener("input", (event) => {
  for (const part of event.target.form?.elements ?? []) {
    if ("confirms" in part.dataset) {
      part.disabled = true
      part.title = "The form changed since the preview. Preview again first."
    }
  }
})
