{{- define "dbmigrations.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The release's name where it says what it is, else both. */}}
{{- define "dbmigrations.fullname" -}}
{{- $name := include "dbmigrations.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of what the whole cluster shares: two releases of one name may stand in two namespaces. */}}
{{- define "dbmigrations.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "dbmigrations.fullname" .) }}
{{- end }}

{{- define "dbmigrations.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "dbmigrations.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.create is false: name the account in serviceAccount.name" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "dbmigrations.selector" -}}
app.kubernetes.io/name: {{ include "dbmigrations.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dbmigrations.labels" -}}
{{ include "dbmigrations.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "dbmigrations.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "dbmigrations.replicas" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.leaderElection) }}
{{- fail "several replicas without leaderElection would all do the same: set leaderElection to true, or replicas to 1" }}
{{- end }}
{{- .Values.replicas }}
{{- end }}

{{/* Namespaces to look after, separated by commas; empty for all. */}}
{{- define "dbmigrations.namespaces" -}}
{{- if and .Values.clusterWide .Values.watchNamespaces }}
{{- fail "clusterWide and watchNamespaces exclude each other: name namespaces, or look after all of them" }}
{{- end }}
{{- if not .Values.clusterWide }}
{{- default (list .Release.Namespace) .Values.watchNamespaces | join "," }}
{{- end }}
{{- end }}

{{/*
All that the operator may do where it looks after resources. The Job's own pods have none of these rights.
*/}}
{{- define "dbmigrations.rules" -}}
# What is wanted, and what is reported. The operator never writes a spec.
- apiGroups: [dbmigrations.dev]
  resources: [databasemigrations]
  verbs: [get, list, watch]
- apiGroups: [dbmigrations.dev]
  resources: [databasemigrations/status]
  verbs: [update]
# Whose word a plan has, and what became of it.
- apiGroups: [dbmigrations.dev]
  resources: [migrationapprovals]
  verbs: [get, list, watch]
- apiGroups: [dbmigrations.dev]
  resources: [migrationapprovals/status]
  verbs: [update]
# Attempts: one Job each; old ones, and those that never started, are deleted. Whose a Job is that is there already,
# after a crash, is looked up (get).
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
# How an attempt ended stands in its pod's termination message. No exec.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# What a plan would do is too long for that: it is read from the log of the plan's pod, once.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# Credentials, by the name in the spec. Not to be listed, not to be watched.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
# The runner's own files, dbmigrations-runner-<hash>: made once in a namespace (create), found again (get), and each
# resource that uses them is added as an owner (patch), so that they go with the last one. The content is immutable.
# Plans, <name>-plan-<hash>: made (create), looked for before they are run (get), and all but the newest three deleted
# again (list by label, delete). Roles cannot say 'names that begin with'.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, create, patch, delete]
# Why a Job got no pod (quota, policy) stands only in the Job's events.
- apiGroups: [""]
  resources: [events]
  verbs: [list]
# Started, succeeded, failed: for kubectl describe.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}
