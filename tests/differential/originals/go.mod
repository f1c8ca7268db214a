module differential

go 1.22

require (
	k8s.io/kubernetes v1.28.0
	sigs.k8s.io/yaml v1.4.0
)
