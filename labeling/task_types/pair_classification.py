"""Two texts, one of the study's labels for their relation."""

from labeling.task_types.text_classification import TextClassification


class PairClassification(TextClassification):
    name = "pair_classification"
    input_fields = ("text_a", "text_b")

    def _shown(self, field: str) -> str:
        title = "First" if field == self.input_fields[0] else "Second"
        return f'<Header value="{title}" size="6"/><Text name="{field}" value="${field}"/>'
