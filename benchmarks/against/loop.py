"""llama-cpp-python as its README shows it: create_chat_completion with a grammar, in a loop."""

from __future__ import annotations

from llama_cpp import Llama, LlamaGrammar
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from against.job import Job, Judged, answer


def stream(job: Job) -> Judged:
    # Everything is a default but the context, which by default is too small for long texts.
    model = Llama(job.model, n_ctx=job.ctx, verbose=False)
    # It stops at this, and an empty text would stop it at once.
    end = model._model.token_get_text(model.token_eos())
    formatter = Jinja2ChatFormatter(template=job.template, eos_token=end, bos_token="")
    model.chat_handler = formatter.to_chat_handler()
    grammar = LlamaGrammar.from_string(job.grammar, verbose=False)

    def judge(turn: str) -> str:
        messages = [{"role": "user", "content": turn}]
        said = model.create_chat_completion(messages=messages, grammar=grammar, temperature=0)
        return str(said["choices"][0]["message"]["content"])

    if len(job.turns) > 1:
        judge(job.turns[0].replace(job.texts[0], "Hello."))
    with job.clock() as took:
        labels = [judge(turn) for turn in job.turns]
    return Judged(took(), labels)


if __name__ == "__main__":
    answer(stream)
