"""What a plan does on machines that are made up: processors, memory and GPUs of all kinds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.engine import EngineOptions
from seaguard_cli.engine.facts import Found, Gpu, Machine, ModelFacts, RepackRule, Situation, Work
from seaguard_cli.engine.need import cache_need, compute_need
from seaguard_cli.engine.plan import EXACT_UBATCH, Plan, make_plan
from seaguard_cli.errors import ModelDoesNotFit, WindowDoesNotFit, WindowTooLarge

GB = 10**9
FOUR = ModelFacts(
    label="four:Q4_K_M",
    size=25 * GB // 10,
    quant="Q4_K_M",
    layers=36,
    hidden=2560,
    heads=32,
    ffn=9728,
    cached=36 * 2 * 8 * 128,
    trained_ctx=32768,
    vocabulary=151936,
    quants=(("Q8_0", 43 * GB // 10), ("Q4_K_M", 25 * GB // 10), ("Q2_K", 17 * GB // 10)),
)
RULES = (
    RepackRule("MATMUL_INT8", ("Q4_K_M", "Q4_0")),
    RepackRule("AVX2", ("Q4_0", "IQ4_NL")),
)
X86 = Machine(8, frozenset({"AVX2", "FMA"}))
ARM = Machine(8, frozenset({"NEON", "MATMUL_INT8"}))
FOUND = Found(repack=True, threads=3, batch=2048, ubatch=1024, flash_attention=False, gpu_layers=0)


def plan(
    machine: Machine = X86,
    *,
    quant: str = "Q4_K_M",
    memory: int | None = None,
    found: Found | None = None,
    work: Work = "stream",
    **options: object,
) -> Plan:
    situation = Situation(replace(FOUR, quant=quant), memory, RULES, found, work)
    return make_plan(EngineOptions(**options), machine, situation)  # type: ignore[arg-type]


class TestRepacking:
    @pytest.mark.parametrize(
        ("machine", "quant", "repacked"),
        [
            (X86, "Q4_K_M", False),
            (X86, "Q4_0", True),
            (X86, "IQ4_NL", True),
            (ARM, "Q4_K_M", True),
            (ARM, "Q8_0", False),
            (Machine(8), "Q4_0", False),
            (X86, "", False),
        ],
    )
    def test_follows_quant_and_processor(
        self, machine: Machine, quant: str, repacked: bool
    ) -> None:
        assert plan(machine, quant=quant).repack is repacked

    def test_is_never_done_for_a_few_texts(self) -> None:
        assert not plan(quant="Q4_0", work="few").repack
        assert not plan(found=FOUND, work="few").repack

    def test_is_never_done_where_every_setting_is_fixed(self) -> None:
        assert not plan(quant="Q4_0", deterministic=True).repack

    def test_is_left_out_where_there_is_no_memory_for_it(self) -> None:
        assert plan(quant="Q4_0", memory=8 * GB).repack
        assert not plan(quant="Q4_0", memory=3 * GB).repack


class TestWhatBenchFound:
    def test_goes_before_the_rule(self) -> None:
        taken = plan(found=FOUND)
        assert (taken.repack, taken.threads, taken.batch, taken.ubatch) == (True, 3, 2048, 1024)
        assert taken.flash_attention is False
        assert not plan(quant="Q4_0", found=replace(FOUND, repack=False)).repack

    def test_gives_way_to_what_is_asked(self) -> None:
        gpu = replace(X86, gpus=(Gpu("card"),))
        assert plan(found=FOUND, threads=5).threads == 5
        assert plan(gpu, found=replace(FOUND, gpu_layers=20)).gpu_layers == 20
        assert plan(gpu, found=replace(FOUND, gpu_layers=20), gpu_layers=7).gpu_layers == 7
        assert plan(gpu, found=replace(FOUND, gpu_layers=20), device="cpu").gpu_layers == 0
        assert plan(gpu, found=FOUND).gpu_layers == 0
        assert plan(gpu, found=FOUND, device="gpu").gpu_layers == -1

    def test_moves_no_score_where_every_setting_is_fixed(self) -> None:
        for found in (FOUND, replace(FOUND, flash_attention=True, ubatch=256)):
            fixed = plan(found=found, deterministic=True).exact()
            without = plan(deterministic=True).exact()
            assert replace(fixed, threads=without.threads) == without
            assert (fixed.ubatch, fixed.flash_attention) == (EXACT_UBATCH, False)
            assert fixed.kv_float32
            assert not fixed.repack

    def test_asks_for_no_more_threads_than_there_are_processors(self) -> None:
        assert plan(Machine(2), found=FOUND).threads == 2


class TestMemory:
    def test_a_model_that_is_too_large_is_refused_with_the_largest_quant_that_fits(self) -> None:
        with pytest.raises(ModelDoesNotFit) as raised:
            plan(memory=2 * GB)
        assert raised.value.facts["quant"] == "Q2_K"
        assert raised.value.facts["free"] == 2 * GB
        assert int(raised.value.facts["need"]) > FOUR.size
        with pytest.raises(ModelDoesNotFit) as raised:
            plan(memory=GB)
        assert raised.value.facts["quant"] == ""

    @given(st.integers(0, 16 * GB), st.sampled_from(["few", "stream"]))
    def test_no_model_is_refused_that_fits_with_a_small_context(
        self, memory: int, work: Work
    ) -> None:
        small = cache_need(FOUR, 256, float32=False) + compute_need(FOUR, 256)
        if memory >= FOUR.size + small:
            plan(memory=memory, work=work)
        else:
            with pytest.raises(ModelDoesNotFit):
                plan(memory=memory, work=work)

    def test_nothing_is_refused_where_nothing_is_known(self) -> None:
        assert plan(memory=None).batch == plan(memory=100 * GB).batch
        unknown = Situation(ModelFacts("some", size=GB), 2 * GB)
        assert make_plan(EngineOptions(), X86, unknown) == make_plan(EngineOptions(), X86)

    def test_batches_are_smaller_where_there_is_little(self) -> None:
        batches = [plan(memory=FOUR.size + extra * 10**6).batch for extra in (100, 250, 900)]
        assert batches == sorted(batches)
        assert batches[0] < batches[-1] == 1024
        for extra in (100, 250, 900):
            tight = plan(memory=FOUR.size + extra * 10**6)
            assert tight.ubatch <= tight.batch

    @given(st.integers(257, FOUR.trained_ctx), st.integers(3 * GB, 24 * GB))
    def test_the_window_that_a_refusal_names_is_taken(self, window: int, memory: int) -> None:
        try:
            assert plan(memory=memory, max_window=window).window == window
        except WindowDoesNotFit as error:
            fits = int(error.facts["fits"])
            assert 256 <= fits < window
            assert plan(memory=memory, max_window=fits).window == fits

    @pytest.mark.parametrize("window", [10**9, 10**20, 10**400])
    def test_no_window_is_too_large_to_be_refused(self, window: int) -> None:
        endless = Situation(replace(FOUR, trained_ctx=0), 4 * GB)
        with pytest.raises(WindowDoesNotFit) as raised:
            make_plan(EngineOptions(max_window=window), X86, endless)
        assert raised.value.facts["window"] == window
        fits = int(raised.value.facts["fits"])
        assert make_plan(EngineOptions(max_window=fits), X86, endless).window == fits

    def test_one_that_the_model_was_not_trained_for_is_told_as_that(self) -> None:
        for memory in (4 * GB, 400 * GB):
            with pytest.raises(WindowTooLarge):
                plan(memory=memory, max_window=FOUR.trained_ctx + 1)
        assert plan(memory=400 * GB, max_window=FOUR.trained_ctx).window == FOUR.trained_ctx

    def test_the_default_window_is_never_a_reason(self) -> None:
        assert plan(memory=FOUR.size + 100 * 10**6).window == 2048


class TestGpus:
    def test_all_layers_go_where_there_is_room_for_them(self) -> None:
        assert plan(replace(X86, gpus=(Gpu("card", 24 * GB),))).gpu_layers == -1
        assert plan(replace(X86, gpus=(Gpu("card"),))).gpu_layers == -1

    def test_so_many_layers_go_as_several_have_room_for_together(self) -> None:
        one = plan(replace(X86, gpus=(Gpu("card", 2 * GB),))).gpu_layers
        two = plan(replace(X86, gpus=(Gpu("card", 2 * GB), Gpu("other", GB)))).gpu_layers
        assert 0 < one < two < FOUR.layers
        assert plan(replace(X86, gpus=(Gpu("card", 2 * GB),) * 4)).gpu_layers == -1
        assert plan(replace(X86, gpus=(Gpu("card", 10**7),))).gpu_layers == 0

    def test_more_layers_than_a_number_in_c_can_tell_are_all(self) -> None:
        card = replace(X86, gpus=(Gpu("card", 24 * GB),))
        assert plan(card, memory=GB, gpu_layers=2**32 + 1).gpu_layers == 2**31 - 1

    def test_a_model_on_a_gpu_needs_no_room_for_its_weights_beside_it(self) -> None:
        assert plan(replace(X86, gpus=(Gpu("card", 24 * GB),)), memory=GB).gpu_layers == -1
