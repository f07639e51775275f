"""The routes of the organization."""

from __future__ import annotations

from service.http.organization import (
    admin_keys,
    api_keys,
    audit_logs,
    key_limits,
    project_users,
    projects,
    service_accounts,
    users,
)

ACCESS_HANDLERS = (
    projects.create_project,
    projects.list_projects,
    projects.retrieve_project,
    projects.update_project,
    projects.archive_project,
    project_users.create_project_user,
    project_users.list_project_users,
    project_users.retrieve_project_user,
    project_users.update_project_user,
    project_users.delete_project_user,
    service_accounts.create_service_account,
    service_accounts.list_service_accounts,
    service_accounts.retrieve_service_account,
    service_accounts.update_service_account,
    service_accounts.delete_service_account,
    service_accounts.create_service_account_key,
    api_keys.create_project_api_key,
    api_keys.list_project_api_keys,
    api_keys.retrieve_project_api_key,
    api_keys.update_project_api_key,
    api_keys.rotate_project_api_key,
    api_keys.delete_project_api_key,
    key_limits.retrieve_key_limits,
    key_limits.update_key_limits,
    admin_keys.create_admin_key,
    admin_keys.list_admin_keys,
    admin_keys.retrieve_admin_key,
    admin_keys.delete_admin_key,
    users.create_user,
    users.list_users,
    users.retrieve_user,
    users.update_user,
    users.delete_user,
    audit_logs.list_audit_logs,
    audit_logs.export_audit_logs,
)
"""Projects, people, keys, and what was changed."""
