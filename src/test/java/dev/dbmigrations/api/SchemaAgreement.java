package dev.dbmigrations.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/** Compares a schema with a record, field by field and downwards: names, types, and what is always there. */
@NullUnmarked
final class SchemaAgreement {

    private static final Map<Class<?>, String> SCALARS = Map.ofEntries(
            Map.entry(String.class, "string"),
            Map.entry(Duration.class, "string"),
            Map.entry(Reason.class, "string"),
            Map.entry(ModelCheckPolicy.class, "string"),
            Map.entry(int.class, "integer"),
            Map.entry(Integer.class, "integer"),
            Map.entry(long.class, "integer"),
            Map.entry(Long.class, "integer"),
            Map.entry(Double.class, "number"),
            Map.entry(boolean.class, "boolean"),
            Map.entry(Boolean.class, "boolean"));

    private SchemaAgreement() {}

    static void agree(String path, Class<?> type, JSONSchemaProps node) {
        RecordComponent[] components = type.getRecordComponents();
        assertThat(properties(node).keySet())
                .as(path)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(components).map(RecordComponent::getName).toList());
        for (RecordComponent component : components) {
            String below = path + "." + component.getName();
            JSONSchemaProps child = properties(node).get(component.getName());
            boolean always = node.getRequired().contains(component.getName()) || child.getDefault() != null;
            // A list or map that is not there is empty in the record.
            boolean mayBeEmpty = List.class == component.getType() || Map.class == component.getType();
            if (!mayBeEmpty || nullable(component)) {
                assertThat(always)
                        .as("%s is always there in the CRD, and not @Nullable in the record", below)
                        .isEqualTo(!nullable(component));
            }
            agreeOnType(below, component.getGenericType(), child);
        }
    }

    private static boolean nullable(RecordComponent component) {
        return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
    }

    private static void agreeOnType(String path, Type type, JSONSchemaProps node) {
        switch (type) {
            case ParameterizedType list
            when list.getRawType() == List.class -> {
                assertThat(node.getType()).as(path).isEqualTo("array");
                agreeOnType(
                        path + "[]",
                        list.getActualTypeArguments()[0],
                        node.getItems().getSchema());
            }
            case ParameterizedType map
            when map.getRawType() == Map.class -> {
                assertThat(node.getType()).as(path).isEqualTo("object");
                agreeOnType(
                        path + "{}",
                        map.getActualTypeArguments()[1],
                        node.getAdditionalProperties().getSchema());
            }
            case Class<?> plain -> agreeOnClass(path, plain, node);
            default -> throw new AssertionError(path + " has a type that this test does not know: " + type);
        }
    }

    private static void agreeOnClass(String path, Class<?> type, JSONSchemaProps node) {
        if (type.isRecord() && !SCALARS.containsKey(type)) {
            agree(path, type, node);
        } else if (type.isEnum() && type != Reason.class) {
            assertThat(node.getEnum().stream().map(Object::toString).map(name -> name.replace("\"", "")))
                    .as(path)
                    .containsExactlyInAnyOrderElementsOf(Arrays.stream(type.getEnumConstants())
                            .map(Object::toString)
                            .toList());
        } else if (type == Quantity.class
                || type == IntOrString.class
                || Set.of("spec.targetRevision", "spec.baseline").contains(path)) {
            assertThat(node.getXKubernetesIntOrString()).as(path).isTrue();
        } else if (type == Instant.class) {
            assertThat(node.getFormat()).as(path).isEqualTo("date-time");
        } else if (SCALARS.containsKey(type)) {
            assertThat(node.getType()).as(path).isEqualTo(SCALARS.get(type));
        } else {
            agreeOnKubernetesType(path, type, node);
        }
    }

    /** Of Kubernetes' own types the CRD has a choice of the fields, under the same names. */
    private static void agreeOnKubernetesType(String path, Class<?> type, JSONSchemaProps node) {
        assertThat(type.getPackageName()).as(path).startsWith("io.fabric8.kubernetes.api.model");
        var mapper = new ObjectMapper();
        var java = mapper.getDeserializationConfig().introspect(mapper.constructType(type)).findProperties().stream()
                .collect(Collectors.toMap(BeanPropertyDefinition::getName, property -> property));
        if (type == Condition.class) {
            assertThat(properties(node).keySet()).as(path).containsExactlyInAnyOrderElementsOf(java.keySet());
        }
        assertThat(java.keySet()).as(path).containsAll(properties(node).keySet());
        properties(node)
                .forEach((name, child) ->
                        agreeOnJavaType(path + "." + name, java.get(name).getPrimaryType(), child));
    }

    private static void agreeOnJavaType(String path, JavaType type, JSONSchemaProps node) {
        if (type.isMapLikeType()) {
            agreeOnJavaType(
                    path + "{}",
                    type.getContentType(),
                    node.getAdditionalProperties().getSchema());
        } else if (type.isCollectionLikeType()) {
            agreeOnJavaType(path + "[]", type.getContentType(), node.getItems().getSchema());
        } else {
            agreeOnClass(path, type.getRawClass(), node);
        }
    }

    static Map<String, JSONSchemaProps> properties(JSONSchemaProps node) {
        return node.getProperties() == null ? Map.of() : node.getProperties();
    }
}
