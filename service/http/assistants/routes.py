"""The routes of threads, messages, runs and steps, under whatever path the API has."""

from __future__ import annotations

from service.http.assistants import begin, messages, runs, steps, threads, transfer

THREAD_HANDLERS = (
    threads.create_thread,
    threads.list_threads,
    threads.retrieve_thread,
    threads.modify_thread,
    threads.delete_thread,
    transfer.export_thread,
    transfer.import_thread,
    messages.create_thread_message,
    messages.list_thread_messages,
    messages.retrieve_thread_message,
    messages.modify_thread_message,
    messages.delete_thread_message,
    begin.create_thread_and_run,
    begin.create_run,
    runs.list_runs,
    runs.retrieve_run,
    runs.modify_run,
    runs.cancel_run,
    runs.submit_tool_outputs,
    steps.list_run_steps,
    steps.retrieve_run_step,
)
