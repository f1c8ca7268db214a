{{- define "mushir.image" -}}
{{- $image := .root.Values.image -}}
{{- with get $image.digests .service -}}
{{ $image.registry }}/mushir-{{ $.service }}@{{ . }}
{{- else -}}
{{ $image.registry }}/mushir-{{ .service }}:{{ $image.version | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "mushir.selector" -}}
app.kubernetes.io/name: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end -}}
