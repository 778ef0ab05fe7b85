plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

// region: gradle
android {
    buildFeatures { buildConfig = true }
    buildTypes {
        debug {
            buildConfigField("String", "BASE_URL", "\"http://10.0.2.2:8080/\"")
        }
        release {
            buildConfigField("String", "BASE_URL", "\"https://your.domain/\"")
            buildConfigField("String", "APPROOV_CONFIG", "\"#your-account#…\"")
            isMinifyEnabled = true
            proguardFiles(
                getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro"
            )
        }
    }
}

dependencies {
    implementation("com.squareup.okhttp3:okhttp:4.12.0")
    releaseImplementation("io.approov:service.okhttp:3.5.8")
}
// endregion
