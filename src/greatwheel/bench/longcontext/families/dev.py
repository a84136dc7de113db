"""The families to develop on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from greatwheel.bench.longcontext.families import (
    absent,
    code,
    counting,
    documents,
    judging,
    logs,
    needles,
    records,
    reference,
    structured,
)
from greatwheel.bench.longcontext.task import Generator

DEV_GENERATORS: Mapping[str, Generator] = MappingProxyType(
    {
        "needle": needles.needle,
        "needles": needles.needles,
        "two_hop": needles.two_hop,
        "chain": needles.chain,
        "updates": needles.updates,
        "key_value": needles.key_value,
        "unanswerable": absent.unanswerable,
        "absent_data": absent.absent_data,
        "count_words": counting.count_words,
        "count_lines": counting.count_lines,
        "sum_filter": records.sum_filter,
        "group_by": records.group_by,
        "top_k": records.top_k,
        "join": records.join,
        "date_filter": records.date_filter,
        "nested_json": structured.nested_json,
        "json_lines": structured.json_lines,
        "log_errors": logs.log_errors,
        "log_before": logs.log_before,
        "chat": logs.chat,
        "documents": documents.documents,
        "code": code.code,
        "reference": reference.reference,
        "judge_sentiment": judging.judge_sentiment,
        "judge_topic": judging.judge_topic,
    }
)
"""By name."""
