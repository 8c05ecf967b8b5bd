"""The keys of a GGUF that say what the model is and where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seaguard_cli import __version__
from seaguard_cli.weights.convert.configuration import Configuration
from seaguard_cli.weights.convert.quants import file_type
from seaguard_cli.weights.convert.results import Provenance

if TYPE_CHECKING:
    import gguf

_SECTIONS = 4
_HUB = "https://huggingface.co/"
VERSION_KEY = "general.seaguard.version"
REPO_KEY = "general.seaguard.repo"
REVISION_KEY = "general.seaguard.revision"


def add_general(writer: gguf.GGUFWriter, name: str, quant: str, provenance: Provenance) -> None:
    """Write name, file type and provenance; llama.cpp's quantiser keeps all but the type."""
    import gguf

    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(file_type(quant))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_quantized_by(f"seaguard {__version__}")
    writer.add_string(VERSION_KEY, __version__)
    if provenance.repo:
        writer.add_source_repo_url(_HUB + provenance.repo)
        writer.add_string(REPO_KEY, provenance.repo)
        if provenance.revision:
            writer.add_source_url(f"{_HUB}{provenance.repo}/tree/{provenance.revision}")
    if provenance.revision:
        writer.add_string(REVISION_KEY, provenance.revision)


def add_configuration(writer: gguf.GGUFWriter, one: Configuration) -> None:
    """Write the sizes and settings under the keys, and for the models, that llama.cpp reads."""
    writer.add_context_length(one.context)
    writer.add_embedding_length(one.hidden)
    writer.add_block_count(one.layers)
    writer.add_feed_forward_length(one.feed_forward)
    writer.add_head_count(one.heads)
    writer.add_head_count_kv(one.kv_heads)
    writer.add_key_length(one.head_dim)
    writer.add_value_length(one.head_dim)
    writer.add_layer_norm_rms_eps(one.epsilon)
    if one.architecture == "llama":
        writer.add_vocab_size(one.vocabulary)
        writer.add_rope_dimension_count(one.head_dim)
    if one.window is not None:
        writer.add_sliding_window(one.window)
    if one.softcap is not None:
        writer.add_final_logit_softcapping(one.softcap)
    if one.deepstack_layers is not None:
        writer.add_num_deepstack_layers(one.deepstack_layers)
    _add_rope(writer, one)


def _add_rope(writer: gguf.GGUFWriter, one: Configuration) -> None:
    import gguf

    rope = one.rope
    writer.add_rope_freq_base(rope.base)
    if rope.local_base is not None:
        writer.add_rope_freq_base_swa(rope.local_base)
    if rope.linear is not None:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope.linear)
    if rope.sections:
        sections = (*rope.sections, *[0] * _SECTIONS)[:_SECTIONS]
        writer.add_rope_dimension_sections(sections)
